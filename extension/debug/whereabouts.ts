/**
 * Where the debuggee of a session is, as far as its configuration tells. `elsewhere`: the debugger reaches it over a wire, so
 * that its process number may be somebody else's on this machine. `core`: a file, in which nothing runs.
 */
export type Whereabouts = 'here' | 'elsewhere' | 'core';

type Configuration = Readonly<Record<string, unknown>>;

/** Names of fields that hold the path of a core file (lldb-dap, cpptools, CodeLLDB, gdb's and others' adapters). */
const coreFields = ['coreFile', 'coreDumpPath', 'core', 'corePath', 'coreFilePath'];

/** Names of fields that hold where to connect to, whatever is in them. */
const wireFields = [
  ...['gdb-remote-port', 'gdb-remote-hostname', 'miDebuggerServerAddress', 'pipeTransport', 'debugServerPath'],
  ...['remoteRoot', 'gdbTarget', 'servertype', 'remoteAddress', 'uart'],
];

/** Fields with the name of a machine, which may be this one. */
const hostFields = ['host', 'hostname', 'address', 'remoteHost'];

/** Debug types whose programs are always at the other end of a wire. */
const wireTypes = /gdbtarget|gdbserver|cortex|openocd|jlink|espressif|qemu/i;

/** Commands of gdb and lldb that connect, or open a core file. */
const connecting =
  /\b(target\s+(extended-)?remote|target-select\s+(extended-)?remote|gdb-remote|kdp-remote|process\s+connect|platform\s+(connect|select\s+remote)|remote-(linux|android))\b/;
const openingCore = /\b(target\s+core|core-file|target-select\s+core)\b|target\s+create\b.*(\s-c\s|--core\b)/;

export function whereaboutsOf(type: string, configuration: Configuration): Whereabouts {
  const isSet = (name: string): boolean => !isEmpty(configuration[name]);
  const commands = [...commandsIn(configuration)];
  const target = configuration['target'];
  if (coreFields.some(isSet) || isCoreTarget(target) || commands.some((one) => openingCore.test(one))) return 'core';
  if (wireTypes.test(type) || wireFields.some(isSet) || configuration['remote'] === true) return 'elsewhere';
  if (isWireTarget(target, configuration['request']) || commands.some((one) => connecting.test(one)))
    return 'elsewhere';
  return isOnAnotherMachine(configuration) ? 'elsewhere' : 'here';
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === false) return true;
  return Array.isArray(value) && value.length === 0;
}

/** Every text in fields whose names end in `Commands` or `Command`, and the `text` of cpptools' ones. */
function* commandsIn(configuration: Configuration): Iterable<string> {
  for (const [name, value] of Object.entries(configuration)) {
    if (!/commands?$/i.test(name)) continue;
    for (const one of Array.isArray(value) ? (value as readonly unknown[]) : [value]) {
      if (typeof one === 'string') yield one;
      else if (typeof fields(one)['text'] === 'string') yield String(fields(one)['text']);
    }
  }
}

/** cdt-gdb-adapter has an object for its target, gdb's own adapter and others a text. */
function isWireTarget(target: unknown, request: unknown): boolean {
  if (typeof target === 'object' && target !== null) return true;
  // A number is a process to attach to, elsewhere a port.
  if (typeof target !== 'string' || /^\s*\d*\s*$/.test(target)) return false;
  return request === 'attach' || /^(extended-)?remote\b|^\[?[\w.:-]*\]?:\d+$|^\/dev\//.test(target.trim());
}

function isCoreTarget(target: unknown): boolean {
  return fields(target)['type'] === 'core';
}

/** Python's and Node's debuggers connect to programs in containers and on other machines. */
function isOnAnotherMachine(configuration: Configuration): boolean {
  const { connect, listen } = configuration;
  const hosts = [configuration, fields(connect), fields(listen)].flatMap((one) => hostFields.map((name) => one[name]));
  if (hosts.some((host) => typeof host === 'string' && host !== '' && !isThisMachine(host))) return true;
  // Paths are mapped where the program sees other files than we do.
  return configuration['request'] === 'attach' && !isEmpty(configuration['pathMappings']);
}

function isThisMachine(host: string): boolean {
  return /^(localhost|127(\.\d+){3}|::1|\[::1\]|0\.0\.0\.0|::)$/i.test(host.trim());
}

function fields(value: unknown): Configuration {
  return typeof value === 'object' && value !== null ? (value as Configuration) : {};
}
