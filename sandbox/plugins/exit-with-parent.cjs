// Loaded by `--require` into every process an emulator starts: ends it when the process that started it is gone. The
// engine stops its plugins itself, but not when it is killed; what outlived it would go on changing things.
// Plain JavaScript, because the program may bring its own TypeScript loader.
"use strict";

const parent = process.ppid;
setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, "SIGKILL");
}, 250).unref();
