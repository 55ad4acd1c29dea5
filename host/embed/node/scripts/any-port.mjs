// Lets a program listen on a free port of this machine in place of its own, and tells its parent which.

import { Server } from 'node:net';

const { listen } = Server.prototype;
Server.prototype.listen = function () {
  return listen.call(this, 0, '127.0.0.1', () => process.send(this.address().port));
};
