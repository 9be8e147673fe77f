/** `stack rollback --to N`: applies the program and the config of an earlier version to the present state. */
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { fileText, wholeNumber, withConsent, withExamples, withStack, type AddCommand } from "../../arguments";
import { dryRun } from "../../consent";
import { ROOT, type Context } from "../../context";
import { Failure, UsageError } from "../../errors";
import { json } from "../../output";
import { carryOutPlan } from "../apply/run-plan";
import { obstaclesOrConversion, remember } from "../edit-obstacles";
import { replace, unchanged } from "../file-edit";
import { git, hasCommit, uncommitted } from "../history/commits";
import { createdAfter, credentialOf } from "../history/generated";
import { isDone, readVersions, versionAt, type Version } from "../history/versions";
import { withFormat, type ReviewOptions } from "../review/arguments";
import { changesOf, type Change } from "../review/changes";
import { finding, type Finding } from "../review/finding";
import type { Exported } from "../review/preview";
import { exported, fullReview, render, runPreview, withMore } from "../review/review";
import type { Preview } from "../review/preview";
import { callersFileOf, findStack, type Stack } from "../stack";
import { contentOf, earlierConfig, keepRotated } from "./earlier-config";
import { withWorkTree } from "./work-tree";

export const command: AddCommand = (stack, context) =>
    withExamples(
        withFormat(withConsent(withStack(stack.command("rollback")), "carry out the rollback")),
        "stack rollback --stack intra --to 41",
        "stack rollback --stack intra --to 41 --yes",
    )
        .description("Roll back to the program and config of an earlier version")
        .requiredOption("--to <version>", "number of the version, from stack history", wholeNumber(1))
        .option(
            "--new-credentials",
            "accept new secrets for credentials whose old secrets were deleted; hand them out again (default: fail)",
        )
        .option("--config-file <file>", "stack file to use (default: the config of that version)", fileText)
        .action((args) => rollback(context, args));

interface RollbackArgs extends Pick<ReviewOptions, "stack" | "format"> {
    to: number;
    /** Text of the stack file for the earlier program. */
    configFile?: string;
    yes?: boolean;
    /** Accepts that earlier credentials are re-created with new secrets, which their callers need. */
    newCredentials?: boolean;
}

/** An earlier version that the stack can go back to. */
type Target = Version & { commit: string };

async function rollback(context: Context, args: RollbackArgs): Promise<void> {
    const stack = await findStack(context, args.stack);
    const root = context.program ?? ROOT;
    const against = [...(await uncommitted(root)), ...(await obstaclesOrConversion(context, stack))];
    if (against.length > 0) throw new UsageError(against);
    const versions = await readVersions(context, stack);
    const target = await findTarget(versions, args.to, stack, root);
    const config = args.configFile ?? (await earlierConfig(context, target, stack, root));
    await withWorkTree(context, target.commit, async (folder) => {
        const program = join(folder, "program");
        const earlier = { ...stack, text: config, file: join(folder, basename(stack.file)) };
        writeFileSync(earlier.file, config, { mode: 0o600 });
        keepRotated(context, [earlier, ...Object.values(callersFileOf(config, program))], stack);
        await goBack(context, args, { stack, earlier, target, program, plan: join(folder, "plan.json"), versions });
    });
}

/** @throws UsageError with all problems that prevent the rollback */
async function findTarget(versions: Version[], to: number, { short }: Stack, root: string): Promise<Target> {
    const version = versionAt(to, versions, short);
    const { kind, result, commit, dirty } = version;
    const where = `--to: version ${to}`;
    const another = "Choose another version: npm run ops -- stack history";
    const problems = isDone(version)
        ? []
        : [`${where} must be an update that succeeded (it is: ${kind}, ${result}). ${another}`];
    if (commit === undefined || dirty)
        problems.push(`${where} must be of a commit (it ran outside of git, or with uncommitted changes). ${another}`);
    else if (!(await hasCommit(commit, root)))
        problems.push(
            `${where} must be of a commit in this clone (got ${commit.slice(0, 10)}). Run: git fetch origin ${commit}`,
        );
    if (problems.length > 0) throw new UsageError(problems);
    return version as Target;
}

interface Way {
    stack: Stack;
    /** The stack with the file of its earlier config. */
    earlier: Stack;
    target: Target;
    versions: Version[];
    /** Folder of the earlier program. */
    program: string;
    /** File of the plan. Its secrets are encrypted, as in the state. */
    plan: string;
}

async function goBack(context: Context, args: RollbackArgs, way: Way): Promise<void> {
    const { stack, earlier, target, program, plan, versions } = way;
    const { number, start, commit } = target;
    context.note(
        `Rollback to version ${number} of ${start}: commit ${commit.slice(0, 10)}, against the current state.`,
    );
    const state = await exported(context, stack);
    const preview = await earlierPreview(context, way);
    const changes = changesOf(preview.steps);
    const again = notRestored(changes, state, versions, number);
    const review = withMore(fullReview(context, preview, state, program), again);
    const isJson = args.format === "json";
    if (!isJson) context.out(render(review, args.format));
    const newCredentials = renewedBy(changes);
    const problems = problemsOf(review.findings, args.newCredentials ? [] : newCredentials);
    if (problems.length > 0) throw new UsageError(problems);
    if (args.yes) {
        await carryOutPlan(context, earlier, plan, `Roll back to version ${number}`, ["--cwd", program]);
        await keepInClone(context, way);
    }
    if (isJson) context.out(json({ ...review, changed: args.yes === true, newCredentials }));
    if (!args.yes) return dryRun(context, `roll back to version ${number}`, args);
    if (newCredentials.length > 0)
        context.note(
            `These callers need new credentials: ${newCredentials.join(", ")}. Hand them out: npm run ops -- consumer handout`,
        );
    context.note(`Test the service: npm run ops -- check smoke${stack.flag}`);
}

/** @throws Failure with the error of the earlier program, which may reject the config or the state */
async function earlierPreview(context: Context, { earlier, target, program, plan }: Way): Promise<Preview> {
    try {
        return await runPreview(context, earlier, plan, ["--cwd", program]);
    } catch (error) {
        if (!(error instanceof Failure || error instanceof UsageError)) throw error;
        const { number, commit } = target;
        throw new Failure(
            `version ${number}: its program cannot be previewed with its config and the current state. ${error.message}\nNothing was changed. If its program or config is the cause, choose another version, or correct its config and give it: git show ${commit.slice(0, 10)}:${basename(earlier.file)}, --config-file <file>`,
        );
    }
}

/** Findings about credentials that keep their secret, although the version had another one under the same name. */
function notRestored(changes: Change[], state: Exported, versions: Version[], number: number): Finding[] {
    const touched = new Set(changes.filter(({ op }) => op !== "update").map(credentialOf));
    return [...createdAfter(state, versions, number)]
        .filter(([who]) => !touched.has(who))
        .map(([, says]) => finding("credential-created-again", says));
}

/** Credentials, for example `lab/2026a`, that the run gives a new secret. All of them, if it replaces the seed. */
function renewedBy(changes: Change[]): string[] {
    const made = changes.filter(({ op }) => op === "create" || op === "replace");
    const isAll = made.some(({ name, op }) => name === "seed" && op === "replace");
    const names = made.flatMap((one) => credentialOf(one) ?? []);
    return [...new Set(isAll ? ["all generated keys", ...names] : names)];
}

function problemsOf(findings: Finding[], renewed: string[]): string[] {
    const broken = findings.filter(({ code }) => code === "policy-violated");
    const lost = `--to: the rollback must not need deleted secrets (${renewed.join(", ")}). It would create new ones, and callers with the old secrets would get 401. To accept this, add --new-credentials, and hand out the new secrets`;
    return [
        ...(renewed.length === 0 ? [] : [lost]),
        ...broken.map(
            ({ says, evidence: [{ resource }] }) =>
                `--to: the rollback must break no current rule of the policy pack. ${resource}: ${says}. Choose another version; or commit an exception, with a reason and a last day, in policy/exceptions.yaml (docs/review/policy.md)`,
        ),
    ];
}

/** Writes the config into the clone if its program is that of the version. Otherwise says how to revert the clone. */
async function keepInClone(context: Context, { stack, earlier, target }: Way): Promise<void> {
    const { number, commit } = target;
    const head = (await git(["rev-parse", "HEAD"], context.program)).trim();
    if (head !== commit)
        return context.note(
            `This clone still has the newer program and config, so its next pulumi up undoes the rollback. Revert them: git revert ${commit.slice(0, 10)}..HEAD. To see what differs: npm run ops -- stack diff`,
        );
    const text = readFileSync(earlier.file, "utf8");
    if (isDeepStrictEqual(contentOf(stack.text), contentOf(text))) return;
    unchanged(stack);
    const copy = remember(stack, text);
    replace(stack.file, text);
    context.note(
        `${basename(stack.file)} now has the config of version ${number}, without its comments. The previous text is in ${copy}. Check it.`,
    );
}
