import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import type { LiveMemoryApi, MemoryWritten } from '../../../extension/api.ts';
import type { RunningTarget } from '../../target/target.ts';
import { activeApi, setSetting, startScratch, until } from '../inHost.ts';

const fails = (code: string, message: RegExp) => (error: unknown) => {
  assert.equal((error as { code?: string }).code, code);
  assert.match((error as Error).message, message);
  return true;
};

/** How many descriptors of this process are open on the memory of another. */
function descriptorsOn(pid: number): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === `/proc/${pid}/mem`;
    } catch {
      return false;
    }
  }).length;
}

suite('the API', () => {
  let api: LiveMemoryApi;
  let target: RunningTarget;

  suiteSetup(async () => {
    api = await activeApi();
    await setSetting('editing', 'on');
  });
  suiteTeardown(() => setSetting('editing', undefined));
  setup(async () => {
    target = await startScratch();
  });
  teardown(async () => {
    await api.detach(target.pid).catch(() => undefined);
    target.dispose();
  });

  test('is version 1', () => {
    assert.equal(api.version, 1);
  });

  test('attach() tells who the process is, and twice is once', async () => {
    const facts = await api.attach(target.pid);
    assert.equal(facts.pid, target.pid);
    assert.equal(facts.name, 'scratch');
    assert.match(facts.executable, /scratch$/);
    await Promise.all([api.attach(target.pid), api.attach(target.pid)]);
    assert.equal(descriptorsOn(target.pid), 1);
  });

  test('attach() says why it cannot: no such process, a zombie, no pid', async () => {
    await assert.rejects(api.attach(4_194_000), fails('Gone', /no process with the id 4194000/));
    const zombie = Number(await target.ask('zombie'));
    await until('the child is a zombie', async () =>
      api.attach(zombie).then(
        () => false,
        (error: unknown) => fails('Gone', /zombie|exited/)(error),
      ),
    );
    await assert.rejects(api.attach(-1), fails('Invalid', /not a process id/));
    await assert.rejects(api.attach('x' as unknown as number), fails('Invalid', /not a process id/));
  });

  test('read() gives the bytes, and names what cannot be read instead of giving zeros for it', async () => {
    const at = BigInt(await target.ask('map 3 rw 7'));
    await target.ask(`protect 0x${(at + 4096n).toString(16)} 1 -`);
    await api.attach(target.pid);
    const { bytes, unreadable } = await api.read(target.pid, at + 4000n, 4096 + 192);
    assert.equal(bytes.length, 4288);
    assert.ok(bytes.subarray(0, 96).every((byte) => byte === 7));
    assert.ok(bytes.subarray(96 + 4096).every((byte) => byte === 9));
    assert.deepEqual(
      unreadable.map(({ start, length }) => [start, length]),
      [[at + 4096n, 4096]],
    );
    assert.match(unreadable[0]?.reason ?? '', /PROT_NONE/);
  });

  test('write() reaches the program, answers what was there, and is told to everybody', async () => {
    const at = await target.ask('map 1 rw 1');
    await api.attach(target.pid);
    const told: MemoryWritten[] = [];
    const listening = api.onDidWrite((news) => told.push(news));
    const result = await api.write(target.pid, BigInt(at) + 2n, Uint8Array.of(0xaa, 0xbb));
    listening.dispose();
    assert.deepEqual(result, { before: Uint8Array.of(1, 1), held: true });
    assert.equal(await target.ask(`peek ${at} 6`), '0101aabb0101');
    assert.deepEqual(told, [{ pid: target.pid, start: BigInt(at) + 2n, bytes: Uint8Array.of(0xaa, 0xbb), held: true }]);
  });

  test('write() with expect refuses where the bytes have moved on, and changes nothing', async () => {
    const at = await target.ask('map 1 rw 1');
    await api.attach(target.pid);
    await target.ask(`fill ${at} 1 5`);
    const write = api.write(target.pid, BigInt(at), Uint8Array.of(9), { expect: Uint8Array.of(1) });
    await assert.rejects(write, fails('Conflict', /changed/));
    assert.equal(await target.ask(`peek ${at} 1`), '05');
  });

  test('write() across a hole, or to a read-only page, lands nowhere', async () => {
    const at = await target.ask('map 2 rw 1');
    const second = `0x${(BigInt(at) + 4096n).toString(16)}`;
    await api.attach(target.pid);
    await target.ask(`protect ${second} 1 r`);
    const across = () => api.write(target.pid, BigInt(at) + 4090n, new Uint8Array(12).fill(3));
    await assert.rejects(across(), fails('Protected', /Nothing was written/));
    await target.ask(`unmap ${second} 1`);
    await assert.rejects(across(), fails('Unmapped', /Nothing was written/));
    assert.equal(await target.ask(`peek 0x${(BigInt(at) + 4090n).toString(16)} 6`), '010101010101');
  });

  test('what is asked of a process that is not attached, or with an address that is none, says so', async () => {
    await assert.rejects(api.read(target.pid, 0n, 1), fails('Invalid', /not attached/));
    await api.attach(target.pid);
    await assert.rejects(api.read(target.pid, 2n ** 64n, 1), fails('Invalid', /address/));
    await assert.rejects(api.read(target.pid, 2n ** 64n - 1n, 2), fails('Invalid', /2\^64/));
    await assert.rejects(api.read(target.pid, 0n, 0), fails('Invalid', /length/));
    await assert.rejects(api.read(target.pid, 0n, 17 * 1024 * 1024), fails('Limit', /16 MiB/));
  });

  test('detach() ends the agent and closes what it held', async () => {
    await api.attach(target.pid);
    assert.equal(descriptorsOn(target.pid), 1);
    await api.detach(target.pid);
    await until('the descriptor is closed', () => descriptorsOn(target.pid) === 0);
    await assert.rejects(api.read(target.pid, 0n, 1), fails('Invalid', /not attached/));
  });

  test('a process that became another program is found out, and can be attached anew', async () => {
    const at = BigInt(await target.ask('map 1 rw 1'));
    await api.attach(target.pid);
    target.send('exec');
    await target.nextLine();
    await assert.rejects(api.write(target.pid, at, Uint8Array.of(2)), fails('Gone', /exec/));
    assert.equal((await api.attach(target.pid)).pid, target.pid);
    assert.equal((await api.read(target.pid, BigInt(await target.ask('map 1 rw 4')), 1)).bytes[0], 4);
  });

  test('a process that exits unseen is found out when it is asked for again', async () => {
    await api.attach(target.pid);
    target.dispose();
    await target.exited;
    await assert.rejects(api.attach(target.pid), fails('Gone', /no process|exited/));
  });
});
