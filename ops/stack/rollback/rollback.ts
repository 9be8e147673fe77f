/** `ops stack rollback --to N`: the program and the config of an earlier version, carried out against the state of today. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { smoke } from "../../check/smoke";
import { ROOT, type Context } from "../../context";
import { Failure, UsageError } from "../../errors";
import { obstacles, remember } from "../guards";
import { git } from "../history/commits";
import { readVersions } from "../history/versions";
import { lockedBy } from "../locked";
import type { Preview } from "../review/preview";
import { exported, fullReview, previewRun, render, type ReviewArgs } from "../review/review";
import { findStack, type Stack } from "../stack";
import { readConsumers } from "../stack-file";
import { lostIn } from "./lost";
import { contentOf, findTarget, uncommitted, type Target } from "./target";
import { withWorkTree } from "./work-tree";

export interface RollbackArgs {
    stack?: string;
    to: number;
    format: ReviewArgs["format"];
    /** Carry it out. */
    yes?: boolean;
    /** Accept that credentials of before are made anew, and that their callers get other ones. */
    newCredentials?: boolean;
    /** Caller for the calls that follow. */
    consumer: string;
}

export async function rollback(context: Context, args: RollbackArgs): Promise<void> {
    const stack = await findStack(context, args.stack);
    const root = context.program ?? ROOT;
    const against = [...(await uncommitted(root)), ...(await obstacles(context, stack))];
    if (against.length > 0) throw new UsageError(against);
    const target = await findTarget(root, stack, await readVersions(context, stack), args.to);
    const scratch = mkdtempSync(join(tmpdir(), "alpa-auth-rollback-config-"));
    const config = join(scratch, basename(stack.file));
    try {
        writeFileSync(config, target.config, { mode: 0o600 });
        await withWorkTree(context, target.commit, (program) =>
            goBack(context, args, { stack, target, config, program, scratch }),
        );
    } finally {
        rmSync(scratch, { recursive: true, force: true });
    }
}

interface Way {
    stack: Stack;
    target: Target;
    /** File of the config of then. */
    config: string;
    /** Folder of the program of then. */
    program: string;
    scratch: string;
}

async function goBack(context: Context, args: RollbackArgs, way: Way): Promise<void> {
    const { stack, target, config, program, scratch } = way;
    const { number, start } = target.version;
    context.note(
        `Back to version ${number} of ${start}: commit ${target.commit.slice(0, 10)}, against the state of today.`,
    );
    const at = ["--cwd", program, "--stack", stack.name, "--config-file", config];
    const preview = await earlierPreview(context, way, at);
    context.out(render(fullReview(context, preview, await exported(context, stack)), args.format));
    const renewed = refuseWhatIsLost(preview, args);
    if (!args.yes) {
        context.note(`\nNothing was changed. To go back: add --yes`);
        return;
    }
    await up(context, way, at);
    await saveConfig(context, way);
    if (renewed.length > 0)
        context.note(
            `These callers need new credentials: ${renewed.join(", ")}. Hand them out: npm run ops -- consumer handout`,
        );
    if (!readConsumers(target.config).some(({ name }) => name === args.consumer)) {
        context.note(
            `Not tried from outside: version ${number} has no caller ${args.consumer}. Try it: npm run ops -- check smoke --consumer <name>`,
        );
        return;
    }
    const { name } = stack;
    await smoke(
        { ...context, folder: scratch },
        { stack: name, consumer: args.consumer, mostRequests: 20, timeout: 120 },
    );
}

/** @throws Failure in the words of the earlier program, which may refuse a config, or a state that is newer than it */
async function earlierPreview(context: Context, { stack, target }: Way, at: string[]): Promise<Preview> {
    const result = await context.pulumi(["preview", "--json", ...at]);
    try {
        return previewRun("pulumi preview", stack, result);
    } catch (error) {
        if (!(error instanceof Failure)) throw error;
        throw new Failure(
            `version ${target.version.number}: its program must take its config and the state of today. ${error.message}\nNothing was changed. Choose another version: npm run ops -- stack history`,
        );
    }
}

/** @returns credentials that are made anew and accepted as such */
function refuseWhatIsLost(preview: Preview, { newCredentials }: RollbackArgs): string[] {
    const { never, renewed } = lostIn(preview);
    const anew =
        renewed.length === 0 || newCredentials
            ? []
            : [
                  `--to: going back must not need what is gone: the material of ${renewed.join(", ")} was deleted when it was revoked or rotated, and new material would be made. Callers that still hold the old one would get 401. Accept it: add --new-credentials, and hand the new ones out`,
              ];
    const problems = [...never.map((one) => `--to: ${one}`), ...anew];
    if (problems.length > 0) throw new UsageError(problems);
    return renewed;
}

async function up(context: Context, { stack, target }: Way, at: string[]): Promise<void> {
    context.note(`\npulumi up, stack ${stack.name}, program and config of version ${target.version.number}:`);
    const args = ["up", "--yes", "--skip-preview", "--message", `Back to version ${target.version.number}`, ...at];
    const { code, stdout, stderr } = await context.pulumi(args, { onLine: (line) => context.note(`  ${line}`) });
    if (code === 0) return;
    const lock = lockedBy(stdout + stderr);
    if (lock)
        throw new Failure(
            `${stack.short}: must not be locked by another run (${lock}). Nothing was changed. Wait for it to end; if it was killed, run: pulumi cancel -s ${stack.short}`,
        );
    throw new Failure(
        `pulumi up: must succeed (ended with ${code}, see above). Part of it may be done. Run this again; or go forward again: pulumi up -s ${stack.short}`,
    );
}

/** The stack file of the clone follows where the program is the same; else the next run of it would undo all this. */
async function saveConfig(context: Context, { stack, target }: Way): Promise<void> {
    const { number } = target.version;
    const head = (await git(["rev-parse", "HEAD"], context.program)).trim();
    if (head !== target.commit) {
        const back = `git revert ${target.commit.slice(0, 10)}..HEAD`;
        return context.note(
            `This clone still has the newer program, and the next pulumi up of it undoes this. Take it back: ${back}, with the config of version ${number} (npm run ops -- stack diff).`,
        );
    }
    if (isDeepStrictEqual(contentOf(stack.text), contentOf(target.config))) return;
    const before = remember(stack, target.config);
    writeFileSync(stack.file, target.config);
    context.note(
        `${basename(stack.file)} has the config of version ${number} from now on, without its comments; what was there is in ${before}. Look at it and commit it.`,
    );
}
