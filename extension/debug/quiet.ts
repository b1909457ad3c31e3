import { fieldsOf } from './traffic.ts';

/**
 * Keeps VS Code from showing what an adapter refuses us. It shows an error of each response that says `showUser`, also of what an
 * extension has asked; but most of what is refused we only tried, and of the rest we say more than the adapter does. A tracker is
 * given the very message that VS Code gets after it.
 */
export interface Quiet {
  /** A request of ours goes off; what is returned is to be called when it has been answered. */
  expect(command: string, parameters: unknown): () => void;
  /** A message to the adapter. */
  sent(message: unknown): void;
  /** A message of the adapter: the refusal of a request of ours is no longer for the user. */
  received(message: unknown): void;
}

export function createQuiet(): Quiet {
  /** Requests that are on their way through VS Code, which numbers them. */
  const leaving = new Set<{ readonly command: string; readonly parameters: string }>();
  const ours = new Set<unknown>();

  return {
    expect(command, parameters) {
      const request = { command, parameters: JSON.stringify(parameters) };
      leaving.add(request);
      return () => leaving.delete(request);
    },
    sent(message) {
      const { type, command, seq, arguments: parameters } = fieldsOf(message);
      if (type !== 'request' || leaving.size === 0) return;
      const text = JSON.stringify(parameters);
      for (const request of leaving) {
        if (request.command !== command || request.parameters !== text) continue;
        leaving.delete(request);
        ours.add(seq);
        return;
      }
    },
    received(message) {
      const { type, body, request_seq: request } = fieldsOf(message);
      if (type !== 'response' || !ours.delete(request)) return;
      const { error } = fieldsOf(body);
      if (typeof error === 'object' && error !== null) Object.assign(error, { showUser: false });
    },
  };
}
