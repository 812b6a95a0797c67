/** Planted bugs of partitions, replicas, clusters and disks. */
import { plantedBugs } from './bugs.ts';
import { nodeBugs } from './node-bugs.ts';
import { testPlanted } from './suite.ts';
import { taskBugs } from './task-bugs.ts';

testPlanted(plantedBugs.filter((bug) => !taskBugs.includes(bug) && !nodeBugs.includes(bug)));
