// What `npm run lint` runs: format, rules and types, all at a time. Each is shown as a whole when it ends.
import { spawn } from "node:child_process";
import { join } from "node:path";

const ROOT = join(__dirname, "..");

const CHECKS: [program: string, ...args: string[]][] = [
    ["tsc", "--noEmit"],
    ["prettier", "--check", "."],
    ["eslint", "."],
];

/** @returns whether it found nothing */
function check(program: string, args: string[]): Promise<boolean> {
    return new Promise((resolve, reject) => {
        const child = spawn(join(ROOT, "node_modules/.bin", program), args, {
            cwd: ROOT,
            stdio: ["ignore", "pipe", "pipe"],
        });
        let said = "";
        for (const stream of [child.stdout, child.stderr])
            stream.setEncoding("utf8").on("data", (text) => (said += text));
        child.once("error", reject);
        child.once("close", (code, signal) => {
            process.stdout.write(`${[program, ...args].join(" ")}${code === 0 ? "" : `: ${code ?? signal}`}\n${said}`);
            resolve(code === 0);
        });
    });
}

Promise.all(CHECKS.map(([program, ...args]) => check(program, args))).then(
    (good) => (process.exitCode = good.every(Boolean) ? 0 : 1),
    (error: unknown) => {
        console.error(error);
        process.exitCode = 1;
    },
);
