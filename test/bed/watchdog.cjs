// Ends an extension host whose server has died, as the native module does that npm cannot deliver ready to use.
exports.start = (pid) => {
  setInterval(() => {
    try {
      process.kill(pid, 0);
    } catch {
      process.exit(87);
    }
  }, 1000).unref();
};
