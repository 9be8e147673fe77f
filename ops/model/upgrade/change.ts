/** The old and the new version of an upgrade, from the command line, the record or the stack file. */
import { Option, type Command } from "commander";
import type * as z from "zod";
import { command, image, model, parametersBillion, rayVersion, weights } from "../../../config/keys/opt-version";
import { choice } from "../../arguments";
import type { ModelChange } from "../../cutover/audit";
import { optIn, VERSION_KEYS } from "./stack-edit";

export interface VersionArgs {
    image?: string;
    model?: string;
    parametersBillion?: string;
    rayVersion?: string;
    weightsPath?: string;
    weightsClaim?: string;
    command?: string;
    answers?: "same" | "any";
}

/** Options of a command that begins an upgrade. */
export function withVersion(verb: Command): Command {
    return verb
        .option(
            "--image <image>",
            "image of the new version, with a tag or digest (default: that of the running version)",
        )
        .option("--model <name>", "name of the new model, as Alpa spells it (default: the running model)")
        .option("--weights-path <folder>", "folder with the new weights, on every node (default: those in use)")
        .option("--weights-claim <name>", "PersistentVolumeClaim with the new weights (default: those in use)")
        .option("--ray-version <version>", "version of Ray in the new image (default: that of the running image)")
        .option("--command <command>", "command that starts the new version (default: that of the running version)")
        .addOption(
            new Option(
                "--parameters-billion <number>",
                "parameters of the new model, in billions (default: the number in its name)",
            ),
        )
        .addOption(
            choice(
                "--answers <which>",
                "answers that the new version must give: the same as the old version, or any (default: the same, unless model or weights change)",
                ["same", "any"],
            ),
        );
}

type Values = Record<string, unknown>;

const SCHEMAS: Record<(typeof VERSION_KEYS)[number], z.ZodType> = {
    image,
    model,
    parametersBillion,
    rayVersion,
    weights,
    command,
};

/** Whether the options name a new version. */
export function asksForVersion(args: VersionArgs): boolean {
    const { image, model, parametersBillion, rayVersion, weightsPath, weightsClaim, command } = args;
    return [image, model, parametersBillion, rayVersion, weightsPath, weightsClaim, command].some(
        (one) => one !== undefined,
    );
}

/** @param text the stack file @returns the change, and problems of the options */
export function askedChange(args: VersionArgs, text: string): { change: ModelChange; problems: string[] } {
    const opt = optIn(text);
    const asked = valuesOf(args, opt);
    const problems = [
        ...Object.entries(asked).flatMap(([key, value]) => invalid(key as keyof typeof SCHEMAS, value)),
        ...belonging(args, opt),
    ];
    const next = Object.fromEntries(
        Object.entries(asked).filter(([key, value]) => textOf(value) !== textOf(opt[key] ?? null)),
    );
    if (problems.length === 0 && Object.keys(next).length === 0)
        problems.push(
            asksForVersion(args)
                ? `${flags(args)}: must name another version than the one that runs (got the same). Name the new version.`
                : "--image: required, or another option that names the new version: --model, --weights-path, --weights-claim. Add one.",
        );
    return { change: changeOf(opt, next, args.answers), problems };
}

/**
 * The change that is in progress according to the stack file, if there is one.
 * @param answers value of `--answers`, if given
 */
export function changeIn(text: string, answers?: VersionArgs["answers"]): ModelChange | undefined {
    const opt = optIn(text);
    if (opt.upgrade === undefined) return undefined;
    const { phase: _, ...next } = opt.upgrade as Values;
    return changeOf(opt, next, answers);
}

function changeOf(opt: Values, next: Values, answers?: VersionArgs["answers"]): ModelChange {
    // A new model does not keep the old model's number of parameters.
    const all = "model" in next ? { parametersBillion: null, ...next } : next;
    const old = Object.fromEntries(Object.keys(all).map((key) => [key, opt[key] ?? null]));
    const sameAnswers = answers === undefined ? !("model" in next || "weights" in next) : answers === "same";
    return { old, new: all, sameAnswers };
}

/** Values of `opt` by key, from the options. */
function valuesOf(args: VersionArgs, opt: Values): Values {
    const { mountPath } = (opt.weights ?? {}) as Values;
    const found = {
        claim: args.weightsClaim,
        hostPath: args.weightsPath,
        mountPath: mountPath,
    };
    const all: Values = {
        image: args.image === undefined ? undefined : imageIn(args.image),
        model: args.model,
        parametersBillion: args.parametersBillion === undefined ? undefined : Number(args.parametersBillion),
        rayVersion: args.rayVersion,
        weights: args.weightsClaim === undefined && args.weightsPath === undefined ? undefined : given(found),
        command: args.command,
    };
    return given(all);
}

function given(values: Values): Values {
    return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** `registry:5000/name:tag@sha256:…` */
function imageIn(text: string): Values {
    const [, repository, tag, digest] = /^([^@]+?)(?::([^:/@]+))?(?:@(.*))?$/.exec(text) ?? ["", text];
    return given({ repository, tag, digest });
}

/** Problems of a value that the config check finds, each with the option's name. */
function invalid(key: keyof typeof SCHEMAS, value: unknown): string[] {
    const option = {
        weights: "--weights-path",
        parametersBillion: "--parameters-billion",
        rayVersion: "--ray-version",
    };
    const { error } = SCHEMAS[key].safeParse(value);
    const name = (option as Record<string, string>)[key] ?? `--${key}`;
    return (error?.issues ?? []).map(({ message }) => `${name}: ${message}.`);
}

/** Problems of options that require or exclude each other. */
function belonging(args: VersionArgs, opt: Values): string[] {
    const { model, weightsPath, weightsClaim, image } = args;
    const { inImage, hostPath, claim } = (opt.weights ?? {}) as Values;
    const problems: string[] = [];
    if (weightsPath !== undefined && weightsClaim !== undefined)
        problems.push("--weights-path: must not be given with --weights-claim (got both). Remove one.");
    const isNew = model !== undefined && model !== opt.model;
    const inNewImage = inImage === true && image !== undefined;
    if (isNew && weightsPath === undefined && weightsClaim === undefined && !inNewImage)
        problems.push(
            inImage === true
                ? "--image: required when --model changes the model, because the image contains the weights. Name the image of the new model."
                : `--weights-path: required when --model changes the model (the weights in use are those of ${String(opt.model)}: ${String(hostPath ?? claim)}). Name the folder with the weights of ${model}, or use --weights-claim.`,
        );
    if (isNew && opt.command !== undefined && args.command === undefined)
        problems.push(
            "--command: required when --model changes the model, because opt.command, which starts Alpa, may name the old model. Give the command that starts the new model.",
        );
    return problems;
}

function flags(args: VersionArgs): string {
    const names: Record<string, string | undefined> = {
        "--image": args.image,
        "--model": args.model,
        "--weights-path": args.weightsPath,
        "--weights-claim": args.weightsClaim,
        "--ray-version": args.rayVersion,
        "--command": args.command,
        "--parameters-billion": args.parametersBillion,
    };
    return Object.keys(names).find((name) => names[name] !== undefined)!;
}

/** Writes a value as JSON with sorted keys, so that equal values give equal text. */
function textOf(value: unknown): string {
    if (typeof value !== "object" || value === null) return JSON.stringify(value);
    return JSON.stringify(Object.entries(value as Values).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** One line for each key that changes. */
export function describeChange({ old, new: next }: ModelChange): string[] {
    return Object.keys(next)
        .filter((key) => old[key] !== null || next[key] !== null)
        .map((key) => `${key}: ${shown(old[key])} → ${shown(next[key])}`);
}

function shown(value: unknown): string {
    if (value === null || value === undefined) return "not set";
    if (typeof value !== "object") return String(value);
    const { repository, tag, digest, ...rest } = value as Values;
    if (repository === undefined)
        return Object.entries(rest)
            .map(([key, one]) => `${key} ${String(one)}`)
            .join(", ");
    return [repository, tag && `:${String(tag)}`, digest && `@${String(digest)}`].filter(Boolean).join("");
}
