import * as z from "zod";
import { got } from "../problems";
import { anyTag, imageDigest, imageRepository } from "./images";
import { dnsLabel, problem, text } from "../values";

// The keys that define a version of the model: image, model and weights.

/** An image that is pinned by its tag, its digest or both. */
export const image = z
    .strictObject({
        repository: imageRepository.meta({
            description: "The image, with its registry.",
            examples: ["registry.example.com/alpa-serving"],
        }),
        tag: anyTag.optional().meta({
            description: "Tag of the image. Without `digest` it must name one version, not `latest`.",
            examples: ["1.0.0"],
            unset: "not set; required without `digest`",
        }),
        digest: imageDigest,
    })
    .check((ctx) => {
        const { tag, digest } = ctx.value;
        if (digest !== undefined) return;
        if (tag === undefined)
            ctx.issues.push(problem(ctx.value, "must have a tag or a digest", "Name the version that you tested"));
        else if (/(^|[^a-z])latest/i.test(tag))
            ctx.issues.push({
                ...problem(tag, "must be a pinned tag, never latest", "Name the version that you tested"),
                path: ["tag"],
            });
    })
    .meta({ examples: [{ repository: "registry.example.com/alpa-serving", tag: "1.0.0" }] });

const isPath = (value: string) => /^\/[^\0:]*$/.test(value) && !value.split("/").includes("..");

const path = (what: string) =>
    z.string().refine(isPath, {
        error: (i) => `must be ${what}, an absolute path without ..${got(i.input)}`,
    });

/** A path that is inserted into a shell command of a container. */
const plainPath = path("a folder").refine((value) => !isPath(value) || /^[\w./@%+=,-]+$/.test(value), {
    error: (i) => `must have no blank, quote or other special character of the shell${got(i.input)}. Rename the folder`,
});

const modelName = text("the name of a model").refine((name) => /^[\w./:@+-]*$/.test(name), {
    error: (i) => `must have no blank, quote or other special character of the shell${got(i.input)}`,
});

/** A version of three numbers, for example `2.0.0`. */
export const exactVersion = z.string().refine((version) => /^\d+\.\d+\.\d+$/.test(version), {
    error: (i) => `must be one exact version, for example 2.0.0${got(i.input)}. Name the version in the image`,
});

/** Key `opt.weights`. */
export const weights = z
    .strictObject({
        claim: dnsLabel.optional().meta({
            description: "PersistentVolumeClaim in `namespace` that has the weights.",
            examples: ["opt-weights"],
            unset: "not set; `hostPath` or `inImage` is set instead",
        }),
        hostPath: path("a folder")
            .optional()
            .meta({
                description: "Folder with the weights, the same on every node.",
                examples: ["/data/opt-175b"],
                unset: "not set; `claim` or `inImage` is set instead",
            }),
        inImage: z
            .literal(true)
            .optional()
            .meta({
                description: "Set it to `true` if the image contains the weights.",
                examples: [true],
                unset: "not set; `claim` or `hostPath` is set instead",
            }),
        mountPath: plainPath.default("/weights").meta({
            description: "Folder of the weights in the containers. A claim or host folder is mounted there, read-only.",
            reason: "A mount at this path hides no files of the image.",
        }),
    })
    .describe("Source of the weights: exactly one of `claim`, `hostPath` and `inImage`.");

/** Key `opt.command`. */
export const command = text("a command")
    .optional()
    .meta({
        description: "Command that starts Alpa. A shell in the head container runs it after every node has joined.",
        examples: ["python3 -m alpa.serve --model opt"],
        unset: "`launch_model_worker.py` in `/opt/alpa/examples/llm_serving`",
    });

/** Key `opt.model`. */
export const model = modelName.meta({
    description: "Name of the model, as Alpa spells it.",
    examples: ["alpa/opt-175b"],
});

/** Key `opt.parametersBillion`. */
export const parametersBillion = z
    .number()
    .refine((n) => n > 0, {
        error: (i) => `must be a number of parameters above 0, in billions${got(i.input)}`,
    })
    .optional()
    .meta({
        description: "Parameters of the model, in billions. Used to check that the model fits into the GPUs.",
        examples: [175],
        unset: "the number in `opt.model`",
    });

/** Key `opt.rayVersion`. */
export const rayVersion = exactVersion.meta({ description: "Version of Ray in the image.", examples: ["2.0.0"] });
