import * as z from "zod";
import { got } from "../problems";
import { dnsLabel, text } from "../values";

// The keys that define a version of the model, without the image.

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
const exactVersion = z.string().refine((version) => /^\d+\.\d+\.\d+$/.test(version), {
    error: (i) => `must be one exact version, for example 2.0.0${got(i.input)}. Name the version in the image`,
});

/** Where a claim or a folder of the node is mounted: a path that hides no files of the image. */
const MOUNT_PATH = "/weights";

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
        inImage: plainPath.optional().meta({
            description: "Folder of the image that contains the weights.",
            examples: ["/weights"],
            unset: "not set; `claim` or `hostPath` is set instead",
        }),
    })
    .describe("Source of the weights: exactly one of `claim`, `hostPath` and `inImage`.");

/** Source and folder of the weights in the pods. */
export function weightsOf({ claim, hostPath, inImage = MOUNT_PATH }: z.infer<typeof weights>) {
    return { mountPath: inImage, ...(claim && { claim }), ...(hostPath && { hostPath }) };
}

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

/** Key `opt.rayVersion`. */
export const rayVersion = exactVersion.meta({ description: "Version of Ray in the image.", examples: ["2.0.0"] });
