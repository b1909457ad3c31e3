import { MessagePort, workerData } from 'node:worker_threads';
import { serveAgent } from './agent.ts';
import { runsInVSCode } from './linux/credentials.ts';
import { portOf } from './port.ts';

if (!(workerData instanceof MessagePort)) throw new Error('this file runs in a worker thread, with a port to serve');
runsInVSCode();
serveAgent(portOf(workerData));
