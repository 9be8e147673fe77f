import { parse } from "yaml";
import { apisixCharts, chartImages } from "../../resources/charts";
import { DIGEST, podImages } from "../../resources/pods";
import type { Resource } from "../../resources/resource";
import { map, shown, UNKNOWN } from "../../resources/values";
import type { Rule } from "../rule";

const named = (where: string, got: unknown) =>
    `${where}: must have a digest, for example valkey/valkey:8.1.4-alpine@sha256:… (got ${shown(got)}). Add the digest of your registry.`;

/** This rule is optional, since the default images have only tags. A mirror may have other digests. */
export const imagesByDigest: Rule = {
    name: "images-by-digest",
    title: "Images are named with their digest.",
    reason: "A registry can serve another image under the same tag, and a pod that starts again runs it without a preview.",
    example: {
        type: "kubernetes:apps/v1:Deployment",
        inputs: {
            kind: "Deployment",
            spec: { template: { spec: { containers: [{ image: "valkey/valkey:8.1.4-alpine" }] } } },
        },
    },
    check: (resource) => [
        ...podImages(resource).flatMap(({ image, where }) =>
            image === UNKNOWN || image === undefined || DIGEST.test(String(image)) ? [] : [named(where, image)],
        ),
        ...imagesOfCharts(resource),
    ],
};

function imagesOfCharts(resource: Resource): string[] {
    return apisixCharts(resource).flatMap(({ values, where }) =>
        chartImages(values).flatMap(({ image, tag, digest }) =>
            tag === UNKNOWN || DIGEST.test(String(tag)) || /^sha256:[0-9a-f]{64}$/.test(String(digest))
                ? []
                : [named(`${where}.${image}.tag`, tag)],
        ),
    );
}

/** Rules that apply only if policy/optional.yaml names them. */
export const OPTIONAL: readonly Rule[] = [imagesByDigest];

/** @param text text of policy/optional.yaml @throws Error with the name of an unknown rule */
export function optionalRules(text: string): Rule[] {
    const names = (map(parse(text)).rules ?? []) as unknown;
    const known = OPTIONAL.map(({ name }) => name);
    const list = Array.isArray(names) ? names : [names];
    for (const name of list)
        if (!known.includes(name))
            throw new Error(`policy/optional.yaml: rules: must be among ${known.join(", ")} (got ${shown(name)}).`);
    return OPTIONAL.filter(({ name }) => list.includes(name));
}
