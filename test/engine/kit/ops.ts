/**
 * Runs the operators' command line in a separate process. Records its output, the typed commands and the machine's process
 * lists, so that tests can prove that no secret is in them.
 */
import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { pulumiEnv } from "../../../sandbox/world/pulumi";
import { ROOT } from "../../../sandbox/world/state";
import { current } from "./index";
import { ProcessLists } from "./process-lists";

export interface Said {
    code: number;
    out: string;
    note: string;
}

export interface Options {
    /** Whether the command's output is a secret that the operator requested. */
    secret?: boolean;
}

export class Operator {
    /** Process lists of the machine, taken while commands ran. */
    readonly processes: string[] = [];
    /** Command lines as the operator types them, which the shell's history keeps. */
    readonly typed: string[] = [];
    /** Output of all commands except handouts and tokens. */
    said = "";

    constructor(private readonly stack: string) {}

    async run(command: string, options: Options = {}): Promise<Said> {
        const { world, dir } = current();
        const env = { ...process.env, ...pulumiEnv(dir, world.facts) };
        this.typed.push(command);
        const args = [join(ROOT, "ops/alpa-auth.js"), ...command.split(" "), "--stack", this.stack];
        const child = spawn(process.execPath, args, { cwd: ROOT, env });
        child.stdin.end();
        const lists = new ProcessLists(1000);
        const result: Said = { code: -1, out: "", note: "" };
        child.stdout.on("data", (text) => (result.out += text));
        child.stderr.on("data", (text) => (result.note += text));
        result.code = await new Promise((resolve) => child.on("close", (code) => resolve(code ?? -1)));
        this.processes.push(await lists.stop());
        this.said += options.secret ? result.note : result.out + result.note;
        return result;
    }

    /** Runs a command that must exit with 0. */
    async done(command: string, options: Options = {}): Promise<Said> {
        const result = await this.run(command, options);
        assert.equal(result.code, 0, result.out + result.note);
        return result;
    }
}
