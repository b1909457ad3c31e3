import { expect, test } from 'vitest';
import { whereaboutsOf } from '../../extension/debug/whereabouts.ts';

test.each([
  [
    'cppdbg',
    { request: 'launch', program: '/p', stopAtEntry: true, setupCommands: [{ text: '-enable-pretty-printing' }] },
  ],
  ['cppdbg', { request: 'attach', program: '/p', processId: '4711' }],
  ['lldb', { request: 'launch', program: '/p', initCommands: ['settings set target.x86-disassembly-flavor intel'] }],
  ['lldb', { request: 'attach', pid: 4711, attachCommands: [] }],
  ['gdb', { request: 'launch', program: '/p', target: './program' }],
  ['gdb', { request: 'attach', target: '4711' }],
  ['debugpy', { request: 'launch', program: '/p.py', host: 'localhost' }],
  ['debugpy', { request: 'attach', connect: { host: '127.0.0.1', port: 5678 } }],
  ['pwa-node', { request: 'attach', address: 'localhost', port: 9229 }],
] as const)('whereaboutsOf() takes %s %j for a program here', (type, configuration) => {
  expect(whereaboutsOf(type, configuration)).toBe('here');
});

test.each([
  ['gdbtarget', { request: 'launch', program: '/p' }],
  ['test-gdbserver', { request: 'launch', program: '/p', target: { server: 'gdbserver' } }],
  ['cortex-debug', { request: 'launch', executable: '/p.elf' }],
  ['cppdbg', { request: 'launch', miDebuggerServerAddress: 'board:3333' }],
  ['cppdbg', { request: 'attach', pipeTransport: { pipeProgram: 'ssh' }, processId: 4711 }],
  ['cppdbg', { request: 'launch', customLaunchSetupCommands: [{ text: 'target remote :3333' }] }],
  ['lldb', { request: 'attach', 'gdb-remote-port': 1234 }],
  ['lldb', { request: 'attach', 'gdb-remote-hostname': 'board' }],
  ['lldb', { request: 'attach', attachCommands: ['gdb-remote board:1234'] }],
  ['lldb', { request: 'launch', launchCommands: ['process connect connect://board:1234'] }],
  ['lldb', { request: 'launch', processCreateCommands: ['gdb-remote 1234'] }],
  ['lldb', { request: 'launch', initCommands: ['platform select remote-linux', 'platform connect connect://board:1'] }],
  ['gdb', { request: 'attach', target: 'board:1234' }],
  ['gdb', { request: 'attach', target: 'extended-remote board:1234', remote: true }],
  ['gdb', { request: 'launch', target: ':1234' }],
  ['debugpy', { request: 'attach', connect: { host: 'board', port: 5678 } }],
  [
    'debugpy',
    { request: 'attach', connect: { host: 'localhost', port: 5678 }, pathMappings: [{ remoteRoot: '/app' }] },
  ],
  ['pwa-node', { request: 'attach', address: 'board' }],
  ['pwa-node', { request: 'attach', port: 9229, remoteRoot: '/app' }],
] as const)('whereaboutsOf() does not take %s %j for a program here', (type, configuration) => {
  expect(whereaboutsOf(type, configuration)).toBe('elsewhere');
});

test.each([
  ['lldb', { request: 'attach', program: '/p', coreFile: '/core' }],
  ['lldb', { request: 'launch', targetCreateCommands: ['target create /p --core /core'] }],
  ['cppdbg', { request: 'launch', coreDumpPath: '/core' }],
  ['gdb', { request: 'attach', core: '/core' }],
  ['gdbtarget', { request: 'attach', target: { type: 'core', parameters: ['/core'] } }],
] as const)('whereaboutsOf() takes %s %j for a core file', (type, configuration) => {
  expect(whereaboutsOf(type, configuration)).toBe('core');
});

test('whereaboutsOf() bears whatever a configuration holds', () => {
  for (const value of [null, 0, 1, '', [], [null, 1, {}], {}, { text: 5 }, true])
    for (const name of ['target', 'core', 'connect', 'attachCommands', 'host', 'setupCommands', 'pathMappings'])
      expect(['here', 'elsewhere', 'core']).toContain(whereaboutsOf('x', { [name]: value }));
});
