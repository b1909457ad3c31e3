import { MessagePort, workerData } from 'node:worker_threads';
import { serveAgent } from './agent.ts';
import { portOf } from './port.ts';

if (!(workerData instanceof MessagePort)) throw new Error('this file runs in a worker thread, with a port to serve');
serveAgent(portOf(workerData));
