// Loaded by `--require` into every process that an emulator starts: ends it with its parent. The engine stops its plugins
// itself, but not when it is killed, and surviving processes would continue to change things. Plain JavaScript, because the
// program may have its own TypeScript loader.
"use strict";

const parent = process.ppid;
setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, "SIGKILL");
}, 250).unref();
