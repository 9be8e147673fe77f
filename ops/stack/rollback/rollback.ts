/** `stack rollback --to N`: applies the program and the config of an earlier version to the present state. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { label, repeatable, wholeNumber, withConsent, withExamples, withStack, type AddCommand } from "../../arguments";
import { smoke } from "../../check/smoke";
import { dryRun } from "../../consent";
import { ROOT, type Context } from "../../context";
import { Failure, FindingsError, UsageError } from "../../errors";
import { json, shownPath } from "../../output";
import { withFormat } from "../review/arguments";
import { byDanger } from "../review/finding";
import type { Preview } from "../review/preview";
import type { Review } from "../review/report";
import { exported, fullReview, render, type ReviewArgs } from "../review/review";
import { readSecrets } from "../config-check";
import { takeEditLock } from "../edit-lock";
import { obstaclesOrConversion, remember } from "../edit-obstacles";
import { changedSince, replace } from "../file-edit";
import { git, isCommittable } from "../history/commits";
import { createdAfter } from "../history/generated";
import { LISTS_FILE, listsOf } from "../../../policy/rules/facts";
import { callersFileOf, callersOf, findStack, type Stack } from "../stack";
import { earlierPreview, up } from "./carry-out";
import { contentOf } from "./earlier-config";
import { interruption, type Interruption } from "./interruption";
import { lostIn, notRestored } from "./lost";
import { brokenRevocations, revocationProblems, withReadmit, type Broken } from "./revoked";
import { findTarget, uncommitted, type Target, type TargetArgs } from "./target";
import { withWorkTree } from "./work-tree";

export const command: AddCommand = (stack, context) =>
    withExamples(
        withFormat(
            withConsent(
                withStack(stack.command("rollback")),
                "carry out the rollback, and test the service from outside afterwards",
            ),
        ),
        "stack rollback --stack intra --to 41",
        "stack rollback --stack intra --to 41 --yes",
    )
        .description("Roll back to the program and config of an earlier version")
        .requiredOption("--to <version>", "number of the version, from stack history", wholeNumber(1))
        .option(
            "--new-credentials",
            "accept new secrets for credentials whose old secrets were deleted; hand them out again (default: fail)",
        )
        .addOption(repeatable("--readmit <consumer/credential>", "accept the revoked key of a credential again"))
        .option("--config-file <file>", "the stack file of that version (default: the file in its commit)")
        .option("--consumer <name>", "test caller for the calls after the rollback", label, "smoke")
        .action((args) => rollback(context, args));

interface RollbackArgs extends TargetArgs {
    stack?: string;
    format: ReviewArgs["format"];
    yes?: boolean;
    /** Accepts that earlier credentials are re-created with new secrets, which their callers need. */
    newCredentials?: boolean;
    /** Revoked credentials whose keys may be accepted again, as `<consumer>/<credential>`. */
    readmit: string[];
    /** Test caller for the calls after the rollback. */
    consumer: string;
}

async function rollback(context: Context, args: RollbackArgs): Promise<void> {
    const stack = await findStack(context, args.stack);
    const root = context.program ?? ROOT;
    const against = [...(await uncommitted(root)), ...(await obstaclesOrConversion(context, stack))];
    if (against.length > 0) throw new UsageError(against);
    const interrupted = interruption();
    const scratch = mkdtempSync(join(tmpdir(), "alpa-auth-rollback-config-"));
    try {
        const target = await findTarget(context, stack, args, scratch);
        const config = join(scratch, basename(stack.file));
        writeFileSync(config, target.config, { mode: 0o600 });
        const { commit } = target;
        await withWorkTree(context, commit, { signal: interrupted.signal }, (program) =>
            goBack(context, args, { stack, target, config, program, scratch, interrupted }),
        );
    } finally {
        rmSync(scratch, { recursive: true, force: true });
        interrupted.end();
    }
}

interface Way {
    stack: Stack;
    target: Target;
    /** File of the config of the earlier version. */
    config: string;
    /** Folder of the program of the earlier version. */
    program: string;
    scratch: string;
    interrupted: Interruption;
}

async function goBack(context: Context, args: RollbackArgs, way: Way): Promise<void> {
    const { stack, target, config, program, scratch, interrupted } = way;
    const { number, start } = target.version;
    context.note(
        `Rollback to version ${number} of ${start}: commit ${target.commit.slice(0, 10)}, compared with the current state.`,
    );
    if (target.ofToday.length > 0)
        context.note(`Config keys that keep their current secret: ${target.ofToday.join(", ")}.`);
    if (target.kept.length > 0)
        context.note(
            `Service tokens that keep their current secret, because Cloudflare cannot restore an earlier one: ${target.kept.join(", ")}.`,
        );
    const plan = join(scratch, "plan.json");
    const earlier = { stack, number, program, config, plan, signal: interrupted.signal };
    const state = await exported(context, stack);
    const secrets = () => readSecrets(context, { ...stack, file: config, text: target.config });
    const { callers } = target;
    const lists = [target.config, ...(callers === undefined ? [] : [callers.text])];
    const broken = await brokenRevocations(state, lists, secrets);
    target.config = withReadmit(target.config, broken);
    writeFileSync(config, target.config);
    if (callers) writeCallers(join(program, callers.name), (callers.text = withReadmit(callers.text, broken)));
    const preview = await earlierPreview(context, earlier);
    const shown = fullReview(context, preview, state, program);
    const again = createdAfter(state, target.versions, target.version);
    const more = notRestored(preview, number, again);
    const review = { ...shown, findings: [...more, ...shown.findings].sort(byDanger) };
    const isJson = args.format === "json";
    if (!isJson) context.out(render(review, args.format));
    const renewed = refuse(preview, review, broken, args);
    const notTried = whyNotTried(args, way);
    // With --format markdown or json, standard output contains only the review.
    const say = args.format === "text" ? context.out : context.note;
    [...withoutLists(program), ...notTried].forEach((one) => say(`\n${one}`));
    if (args.yes) {
        const release = takeEditLock(context, stack.short);
        try {
            await up(context, earlier, state);
            await saveConfig(context, way);
        } finally {
            release();
        }
    }
    if (isJson) context.out(json({ ...review, changed: args.yes === true, newCredentials: renewed, notTried }));
    if (!args.yes) return dryRun(context, `roll back to version ${number}`, args);
    if (renewed.length > 0)
        context.note(
            `These callers need new credentials: ${renewed.join(", ")}. Hand them out: npm run ops -- consumer handout`,
        );
    if (notTried.length === 0) await tryFromOutside(context, args, way);
}

/** Says which part of the policy pack's rules does not judge an earlier program. */
function withoutLists(program: string): string[] {
    if (listsOf(program) !== undefined) return [];
    return [
        `The commit of this version has no ${LISTS_FILE}: the policy pack does not compare its types, scripts and settings with a list. Review them.`,
    ];
}

/** Returns why the service cannot be called as the test caller after the rollback; empty if it can. */
function whyNotTried({ consumer }: RollbackArgs, { target, program }: Way): string[] {
    const callers = callersOf({ text: target.config, ...callersFileOf(target.config, program) });
    if (callers.some(({ name }) => name === consumer)) return [];
    return [
        `No test from outside after the rollback: version ${target.version.number} has no caller ${consumer}. Name a caller for tests only, because the test uses up its limits: --consumer <name>. Or test it after the rollback: npm run ops -- check smoke --consumer <name>`,
    ];
}

/** Calls the service as the test caller. */
async function tryFromOutside(context: Context, args: RollbackArgs, way: Way): Promise<void> {
    const { stack, program, scratch, interrupted } = way;
    const { consumer } = args;
    const out = args.format === "json" ? context.note : context.out;
    const calls = { stack: stack.name, consumer, mostRequests: 20, timeout: 120 };
    try {
        await interrupted.race(smoke({ ...context, out, folder: scratch, program }, calls));
    } catch (error) {
        // The exit codes of these two errors mean that nothing was changed, but here the rollback has been applied.
        throw error instanceof FindingsError || error instanceof UsageError ? new Failure(error.message) : error;
    }
}

/**
 * Writes the callers file of the commit, with current secrets and readmitted keys. Does not touch an equal file:
 * Pulumi would record uncommitted changes, and a later rollback to the new version would be rejected.
 */
function writeCallers(file: string, text: string): void {
    if (readFileSync(file, "utf8") !== text) writeFileSync(file, text);
}

/**
 * Rejects a rollback that breaks a rule of the current policy pack, or that loses what nothing can replace. Also rejects a
 * rollback that re-creates credentials or breaks a revocation, unless the operator has accepted this.
 * @returns the re-created credentials that the operator has accepted
 */
function refuse(
    preview: Preview,
    { findings }: Review,
    revocations: Broken[],
    { newCredentials, readmit }: RollbackArgs,
): string[] {
    const { never, renewed } = lostIn(preview);
    const recreated =
        renewed.length === 0 || newCredentials
            ? []
            : [
                  `--to: the rollback must not need deleted secrets (the secrets of ${renewed.join(", ")} were deleted when the credentials were revoked or rotated). It would create new secrets, and callers with the old secrets would get 401. To accept this, add --new-credentials, and hand out the new secrets`,
              ];
    const broken = findings
        .filter(({ code }) => code === "policy-violated")
        .map(
            ({ says, evidence: [{ resource }] }) =>
                `--to: the rollback must break no current rule of the policy pack. ${resource}: ${says}. Choose another version; or add an exception to policy/exceptions.yaml, with a reason and a last day, and commit it (docs/review/policy.md)`,
        );
    const problems = [
        ...never.map((one) => `--to: ${one}`),
        ...revocationProblems(revocations, readmit),
        ...recreated,
        ...broken,
    ];
    if (problems.length > 0) throw new UsageError(problems);
    return renewed;
}

/** Writes the version's config into the clone if its program is the same. Otherwise prints how to revert the clone. */
async function saveConfig(context: Context, { stack, target }: Way): Promise<void> {
    const { number } = target.version;
    const head = (await git(["rev-parse", "HEAD"], context.program)).trim();
    if (head !== target.commit) {
        const back = `git revert ${target.commit.slice(0, 10)}..HEAD`;
        return context.note(
            `This clone still has the newer program, so the next pulumi up from this clone undoes the rollback. Revert the program: ${back}. Then set the config of version ${number}; to see what differs, run: npm run ops -- stack diff`,
        );
    }
    const edited = changedSince(stack);
    if (edited.length > 0) {
        const config = join(dirname(stack.file), ".alpa-auth", "local", `version-${number}.yaml`);
        mkdirSync(dirname(config), { recursive: true, mode: 0o700 });
        writeFileSync(config, target.config, { mode: 0o600 });
        return context.note(
            `${edited.join(", ")}: changed while the rollback was running, so the rollback did not write the config of version ${number}. The next pulumi up would apply the edit. Before it, replace the config by the one in ${shownPath(config)}.`,
        );
    }
    const { callers } = target;
    // The commit is the same and its work tree was clean, so the file differs only by kept and readmitted secrets.
    const file = callers && join(context.program ?? ROOT, callers.name);
    if (file && readFileSync(file, "utf8") !== callers.text) {
        replace(file, callers.text);
        const then = await checkAndCommit(file);
        context.note(`${callers.name} now has the callers of version ${number}. ${then}`);
    }
    if (isDeepStrictEqual(contentOf(stack.text), contentOf(target.config))) return;
    const before = remember(stack, target.config).copy;
    replace(stack.file, target.config);
    context.note(
        `${basename(stack.file)} now has the config of version ${number}, without its comments. The previous text is in ${before}. ${await checkAndCommit(stack.file)}`,
    );
}

async function checkAndCommit(file: string): Promise<string> {
    return (await isCommittable(file)) ? "Check it and commit it." : "Check it.";
}
