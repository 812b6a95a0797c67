import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { nodeEnv } from '../../platform/node.ts';
import { type Harness, logConformance } from '../conformance.ts';
import type { Log } from '../engine.ts';
import type { Files } from './files.ts';
import { memoryFiles } from './memory-files.ts';
import { nodeFiles } from './node-files.ts';
import { openPhysicalLog, type PhysicalLogOptions } from './physical-log.ts';

const makeLog = async (files: Files, options: Partial<PhysicalLogOptions> = {}): Promise<Harness<Log>> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'tutti-log-'));
  const open = () => openPhysicalLog(files, folder, { env: nodeEnv(), ...options });
  let physical = await open();
  return {
    subject: physical.log(3),
    reopen: async () => {
      await physical.close();
      physical = await open();
      return physical.log(3);
    },
    close: async () => {
      await physical.close();
      await rm(folder, { recursive: true });
    },
  };
};

/** Segments so small that the suite uses many of them. */
const small = { segmentBytes: 1024 * 1024, zeroAheadBytes: 64 * 1024, recordBytesMax: 800_000 };

logConformance('PhysicalLog on files', () => makeLog(nodeFiles));
logConformance('PhysicalLog on files with small segments', () => makeLog(nodeFiles, small));
logConformance('PhysicalLog in memory', () => makeLog(memoryFiles()));
logConformance('PhysicalLog on files, never blocking', () => makeLog(nodeFiles, { syncWriteBytesMax: 0 }));
