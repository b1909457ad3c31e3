import { parentPort } from 'node:worker_threads';
import { serveAgent } from './agent.ts';
import { portOf } from './port.ts';

if (parentPort === null) throw new Error('this file runs in a worker thread');
serveAgent(portOf(parentPort));
