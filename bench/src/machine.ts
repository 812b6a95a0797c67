/** What Linux tells of this process and of the machine around it. */
import { readFileSync } from 'node:fs';

/**
 * Pages of the store's file that are mapped count as resident too, and leave whenever somebody else needs the room; `anonMb` is
 * what the process itself holds.
 */
export const residentMemory = (): { readonly anonMb: number; readonly fileMb: number } => {
  const text = readFileSync('/proc/self/status', 'utf8');
  return { anonMb: megabytes(text, 'RssAnon'), fileMb: megabytes(text, 'RssFile') };
};

export type ProcessMemory = { readonly rssMb: number; readonly anonMb: number };

/** What another process holds now: `anonMb` is its own, without mapped files. */
export const memoryOf = (pid: number): ProcessMemory => {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return { rssMb: megabytes(text, 'Rss'), anonMb: megabytes(text, 'Anonymous') };
};

/** The most that a process has had, mapped pages too. */
export const mostMemoryMb = (pid: number): number => megabytes(readFileSync(`/proc/${pid}/status`, 'utf8'), 'VmHWM');

const megabytes = (status: string, field: string): number =>
  (Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024) / 1e6;

/** The unit of /proc/stat and /proc/<pid>/stat on Linux. */
const ticksPerSecond = 100;

/** Seconds of CPU time that all processes of the machine together have used. */
export const machineCpuSeconds = (): number => {
  const [first = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = first.split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softirq) / ticksPerSecond;
};

/** Seconds of CPU time, of all its threads, that a process which is there has used so far. */
export const processCpuSeconds = (pid: number): number => {
  // After the name, which is in brackets: fields 14 and 15 are user and system time.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
};

/** Begins to watch; the function given tells how many cores other processes have used since, on average. */
export const watchOthers = (): (() => number) => {
  const cpu = process.cpuUsage();
  const [began, machine] = [performance.now(), machineCpuSeconds()];
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    const seconds = (performance.now() - began) / 1000;
    return Math.max(0, machineCpuSeconds() - machine - (user + system) / 1e6) / seconds;
  };
};
