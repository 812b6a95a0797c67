/**
 * Loaded in each thread of a node before all else: bounds that are so small that within minutes nodes do what takes them hours:
 * checkpoints, snapshots, logs and copies that are trimmed.
 */
import { limits } from '../../../src/limits.ts';

Object.assign(limits, {
  checkpointIntervalMs: 2_000,
  snapshotLogBytes: 128 * 1024,
  snapshotChunkBytes: 16 * 1024,
  copyFileBytes: 16 * 1024,
} satisfies Partial<Record<keyof typeof limits, number>>);
