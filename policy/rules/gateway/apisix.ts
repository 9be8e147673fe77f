import { isOlder, OLDEST_APISIX } from "../../../components/apisix/version";
import { apisixCharts, chartImages, chartsOf, isApisix } from "../../resources/charts";
import { DIGEST, podImages } from "../../resources/pods";
import { isInside, type Resource } from "../../resources/resource";
import { at, eachText, map, number, shown, UNKNOWN } from "../../resources/values";
import type { Rule } from "../rule";

function oldApisix(tag: unknown, where: string): string[] {
    if (tag === UNKNOWN) return [];
    const [, version] = /^v?(\d+\.\d+)(?:[.@-]|$)/.exec(String(tag)) ?? [];
    const fine = version !== undefined && !isOlder(version, OLDEST_APISIX);
    return fine ? [] : [`${where}: must be APISIX ${OLDEST_APISIX} or newer (got ${shown(tag)}). Name a newer tag.`];
}

const isApisixImage = (repository: unknown) => /(^|\/)apisix$/.test(String(repository));

export const apisixVersion: Rule = {
    name: "apisix-version",
    title: `Every APISIX is version ${OLDEST_APISIX} or newer.`,
    reason: "In older versions jwt-auth confuses algorithms: anyone with the public key of a caller can forge tokens of that caller.",
    example: {
        type: "kubernetes:helm.sh/v3:Release",
        inputs: { chart: "apisix", version: "2.14.0", values: { image: { tag: "3.16.0-ubuntu" } } },
    },
    check: (resource) => [
        ...apisixCharts(resource).flatMap(({ values, where }) =>
            oldApisix(at(values, "image.tag"), `${where}.image.tag`),
        ),
        ...podImages(resource).flatMap(({ image, where }) => {
            const [, repository, tag] = /^(.*?)(?::([^:/]+))?$/.exec(String(image).split("@")[0])!;
            return isApisixImage(repository) ? oldApisix(tag, where) : [];
        }),
    ],
};

/** Publicly known keys for the roles admin and viewer, from the public chart and APISIX's default file. */
const DEFAULT_KEYS = ["edd1c9f034335f136f87ad84b625c8f1", "4054f7cf07e344346cd3f287985e76a2"];
const LEAST_KEY_LENGTH = 32;
const CREDENTIALS = "apisix.admin.credentials";

export const ownAdminKey: Rule = {
    name: "own-admin-key",
    title: "The Admin API requires a key that only this gateway has, from a Secret.",
    reason: "With a publicly known key, anyone who reaches the Admin API can open routes to Alpa and read every caller's key.",
    example: { type: "kubernetes:helm.sh/v3:Release", inputs: { chart: "apisix", values: { apisix: { admin: {} } } } },
    check: (resource) => [...adminKeyOfChart(resource), ...knownKeys(resource), ...shortKeys(resource)],
};

function adminKeyOfChart(resource: Resource): string[] {
    return apisixCharts(resource).flatMap(({ values, where }) => {
        const { secretName, admin, viewer } = map(at(values, CREDENTIALS));
        const place = `${where}.${CREDENTIALS}`;
        const found = [];
        if (secretName === undefined || secretName === "")
            found.push(`${place}.secretName: must name a Secret with generated keys (got nothing). Name it.`);
        for (const [role, value] of Object.entries({ admin, viewer }))
            if (value !== undefined)
                found.push(`${place}.${role}: must not be in the values. Name a Secret in secretName.`);
        const proxy = "ingress-controller.gatewayProxy";
        const key = `${proxy}.provider.controlPlane.auth.adminKey`;
        if (at(values, `${proxy}.createDefault`) === true && at(values, `${key}.valueFrom`) === undefined)
            found.push(
                `${where}.${key}.valueFrom: must name a Secret (got nothing): the default key is publicly known. Name one.`,
            );
        return found;
    });
}

function knownKeys(resource: Resource): string[] {
    const found: string[] = [];
    eachText(resource.props, (text, path) => {
        if (DEFAULT_KEYS.some((key) => text.includes(key)))
            found.push(`${path}: must not be a publicly known key. Use a generated key.`);
        if (/admin_key_required: *"?false/.test(text))
            found.push(`${path}: must not switch off the key of the Admin API (admin_key_required: false). Remove it.`);
    });
    return found;
}

/** Checks the length of this project's generated keys. */
function shortKeys(resource: Resource): string[] {
    const { length } = resource.props;
    if (!resource.type.endsWith(":RandomPassword") || !isInside(resource, "AdminKeys")) return [];
    if (length === UNKNOWN || number(length) >= LEAST_KEY_LENGTH) return [];
    return [`length: must be ${LEAST_KEY_LENGTH} or more (got ${shown(length)}). Raise it.`];
}

/** Whether a tag or version always refers to the same content. */
const PINNED = /^v?\d+\.\d+\.\d+([.+_-][0-9A-Za-z.+_-]*)?(@sha256:[0-9a-f]{64})?$/;
const MOVING = /(?:^|[-.])(latest|stable|nightly|main|master|edge|dev)(?:$|[-.])/;

const isPinned = (tag: unknown) => typeof tag === "string" && PINNED.test(tag) && !MOVING.test(tag);
const pin = (where: string, got: unknown) =>
    `${where}: must be one version (got ${shown(got)}). Name an exact version, or a digest.`;

export const versionsPinned: Rule = {
    name: "versions-pinned",
    title: "Images, charts and files from the network have a pinned version.",
    reason: "Unpinned content can change without a preview. A restart can then be an upgrade that no rollback reverts.",
    example: {
        type: "kubernetes:apps/v1:Deployment",
        inputs: {
            kind: "Deployment",
            spec: { template: { spec: { containers: [{ image: "valkey/valkey:latest" }] } } },
        },
    },
    check: (resource) => [
        ...podImages(resource).flatMap(({ image, where }) => {
            if (image === UNKNOWN || (image === undefined && resource.type.endsWith("Patch"))) return [];
            const [, , tag] = /^(.*?)(?::([^:/]+))?$/.exec(String(image))!;
            return DIGEST.test(String(image)) || isPinned(tag) ? [] : [pin(where, image)];
        }),
        ...movingCharts(resource),
        ...movingFiles(resource),
    ],
};

function movingCharts(resource: Resource): string[] {
    return chartsOf(resource).flatMap(({ name, version, values, where }) => {
        const found = version === UNKNOWN || isPinned(version) ? [] : [pin(`version of chart ${name}`, version)];
        if (!isApisix(name)) return found;
        const moving = chartImages(values).filter(
            ({ tag, digest }) => tag !== UNKNOWN && !isPinned(tag) && !/^sha256:/.test(String(digest)),
        );
        return [...found, ...moving.map(({ image }) => pin(`${where}.${image}.tag`, at(values, `${image}.tag`)))];
    });
}

/** Checks the URLs of CRDs, since a file at the URL of a branch changes over time. */
function movingFiles(resource: Resource): string[] {
    if (!/^kubernetes:yaml(\/v2)?:Config(File|Group)$/.test(resource.type)) return [];
    const files = [resource.props.files, resource.props.file].flat();
    return files.flatMap((file) =>
        typeof file === "string" && /^https?:/.test(file) && !/[/-]v?\d+\.\d+(\.\d+)?[/-]|\/[0-9a-f]{40}\//.test(file)
            ? [pin("files", file)]
            : [],
    );
}
