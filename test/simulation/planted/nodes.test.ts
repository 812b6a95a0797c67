/** Planted bugs of nodes that work as one. */
import { nodeBugs } from './node-bugs.ts';
import { testPlanted } from './suite.ts';

testPlanted(nodeBugs);
