import type { TargetArgument } from './arguments.ts';
import { parsePid } from './arguments.ts';
import { MemoryError } from '../common/error.ts';
import { expressionCharactersMax } from '../common/limits.ts';

/**
 * vscode://live-memory.live-memory/attach?pid=4242&address=[heap]%2B0x40. Throws MemoryError `Invalid` for anything else,
 * another parameter or a second one of a name included: a link is a stranger's.
 *
 * `query` is decoded already, as vscode.Uri has it; so "+" is a plus, which URLSearchParams would turn into a blank.
 */
export function parseAttachLink(path: string, query: string): TargetArgument & { readonly pid: number } {
  if (path !== '/attach') throw invalid(`"${path}" is nothing that Live Memory opens.`);
  const given = new Map<string, string>();
  for (const part of query === '' ? [] : query.split('&')) {
    const at = part.indexOf('=');
    const name = at < 0 ? part : part.slice(0, at);
    if (at < 0 || !['pid', 'address'].includes(name)) throw invalid(`"${name}" is no parameter of it.`);
    if (given.has(name)) throw invalid(`"${name}" is there twice.`);
    given.set(name, part.slice(at + 1));
  }
  const pid = given.get('pid');
  if (pid === undefined || !/^[1-9]\d{0,6}$/.test(pid)) throw invalid('"pid" has to be a whole number.');
  const address = given.get('address');
  if (address !== undefined && (address.length > expressionCharactersMax || !/^[\x20-\x7e]+$/.test(address))) {
    throw invalid('"address" has to be plain text such as 0x7f00 or [heap]+0x40.');
  }
  return { pid: parsePid(pid), ...(address !== undefined && { address }) };
}

function invalid(detail: string): MemoryError {
  return new MemoryError(
    'Invalid',
    `That link cannot be opened. ${detail} It should read vscode://live-memory.live-memory/attach?pid=1234&address=0x7f00.`,
  );
}
