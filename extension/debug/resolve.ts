import { printAddress } from '../../common/address.ts';
import type { ResolvedAddress } from '../../common/protocol.ts';
import { printLabel } from '../../common/region.ts';
import type { Target } from '../target.ts';
import { chosenFrame } from './ask.ts';
import { addressOfExpression, mayBeDebuggers } from './locate.ts';
import type { DebugSessions } from './sessions.ts';

/**
 * The address of an expression: what the agent makes of it, else what the debugger that has stopped the process makes of it
 * (`&buffer[8]`, `node->next`, `$rsp`), in the frame that the user has chosen. Rejects with the agent's words where no
 * debugger can be asked.
 */
export function createResolve(
  sessions: DebugSessions,
): (target: Target, expression: string) => Promise<ResolvedAddress> {
  return async (target, expression) => {
    try {
      return await target.call('resolve', { expression });
    } catch (error) {
      // What is read through the debugger has asked it already.
      if (target.facts.through !== undefined) throw error;
      const debugged = sessions.of(target);
      if (debugged?.traffic.isPaused !== true || !mayBeDebuggers(expression, error)) throw error;
      const frame = await chosenFrame(debugged.session, debugged.traffic.threadId);
      const address = await addressOfExpression(debugged.session, expression, frame);
      const label = printLabel(target.regions, address);
      return { address: printAddress(address), ...(label !== undefined && { label }) };
    }
  };
}
