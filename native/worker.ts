import { MessagePort, workerData } from 'node:worker_threads';
import { serveAgent } from './agent.ts';
import { runsInVSCode } from './linux/credentials.ts';
import { portOf } from './port.ts';

if (!(workerData instanceof MessagePort)) throw new Error('this file runs in a worker thread, with a port to serve');
runsInVSCode();
const agent = serveAgent(portOf(workerData));
// Whoever asked is gone: what is half done is taken back, and then nothing keeps this thread.
workerData.on('close', () => agent.dispose());
