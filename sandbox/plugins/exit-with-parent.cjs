// Loaded by `--require` into every process that an emulator starts: it ends the process when its parent has ended. The engine
// stops its plugins when it ends, but not when it is killed, and surviving processes would continue to change resources. Plain
// JavaScript, because the program may have its own TypeScript loader.
"use strict";

const parent = process.ppid;
setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, "SIGKILL");
}, 250).unref();
