import type { Capabilities } from '../../common/access.ts';

/** include/uapi/linux/capability.h: the index is the bit. */
const names =
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'.split(
    ' ',
  );

/** The capabilities of a set, in the order of their bits. */
export function capabilitiesOf(set: bigint): Capabilities {
  const found: string[] = [];
  for (let bit = 0; set >> BigInt(bit) !== 0n; bit++) {
    if (((set >> BigInt(bit)) & 1n) === 1n) found.push(`CAP_${names[bit] ?? bit}`);
  }
  return found;
}
