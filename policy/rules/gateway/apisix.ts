import { isOlder, OLDEST_APISIX } from "../../../components/apisix/version";
import { apisixCharts, chartsOf } from "../../resources/charts";
import { containersOf } from "../../resources/pods";
import { kindOf, type Resource } from "../../resources/resource";
import { at, map, number, shown, textOf, textsIn, UNKNOWN } from "../../resources/values";
import { inConfig, type Facts } from "../facts";
import type { Message, Rule } from "../rule";

/** Publicly known keys: of the Admin API, from the public chart and APISIX's default file, and of its encryption. */
const KNOWN_KEYS = /edd1c9f034335f136f87ad84b625c8f1|4054f7cf07e344346cd3f287985e76a2/;
const KNOWN_KEYRING = ["qeddd145sfvddff3", "edd1c9f0985e76a2"];
/** Fewest characters of a value in a Secret, by its field. `key` is public next to a field of a token. */
const LEAST: Record<string, number> = { secret: 32, admin: 32, viewer: 32, "etcd-root-password": 32, key: 16 };
const OF_TOKENS = ["algorithm", "secret", "public_key"];
const NOT_COPIED = "propagate.hnc.x-k8s.io/none";
/** Names of Secrets in the namespace of the gateway, which has no sub-namespaces. */
const OF_THE_GATEWAY = /^apisix-(admin-keys|etcd)$/;

export const ownKeys: Rule = {
    name: "own-keys",
    title: "Keys of callers and of the Admin API are long, in Secrets, and known only to this stack.",
    reason: "With a known or short key, anyone can call Alpa. With that of the Admin API, they can also open routes and read every caller's key.",
    *check(resource) {
        const { type, urn, props } = resource;
        for (const { values, where } of apisixCharts(resource)) {
            if ((at(values, "apisix.admin.credentials.secretName") ?? "") === "")
                yield `${where}.apisix.admin.credentials.secretName: must name a Secret with generated keys. Name it.`;
            if (at(values, "ingress-controller.gatewayProxy.createDefault") === true)
                yield `${where}.ingress-controller.gatewayProxy.createDefault: must be false: the default key is publicly known. Set it.`;
        }
        for (const [path, text] of textsIn(props))
            if (KNOWN_KEYS.test(text)) yield `${path}: must not be a publicly known key. Use a generated key.`;
        // The value is not known in a preview. APISIX encrypts with 16 characters.
        const least = urn.endsWith("-keyring") ? 16 : 32;
        if (type.endsWith(":RandomPassword") && !(number(props.length) >= least))
            yield `length: must be ${least} or more (got ${shown(props.length)}). Raise it.`;
        if (kindOf(resource) === "Secret") yield* secret(resource);
    },
};

function* secret({ props }: Resource): Generator<Message> {
    for (const part of ["data", "stringData"])
        for (const [field, text] of Object.entries(map(props[part]))) {
            const isPublic = field === "key" && OF_TOKENS.some((one) => one in map(props[part]));
            const least = isPublic || !Object.hasOwn(LEAST, field) ? 0 : LEAST[field];
            if (textOf(text).startsWith("$"))
                yield `${part}.${field}: must not begin with $, which APISIX reads as a reference. Change it.`;
            if (field === "keyring" && KNOWN_KEYRING.includes(textOf(text)))
                yield `${part}.${field}: must not be a publicly known key. Use a generated key.`;
            if (textOf(text).length < least)
                yield `${part}.${field}: must have at least ${least} characters. Use a generated value.`;
        }
    const { name, annotations } = map(props.metadata);
    if (!OF_THE_GATEWAY.test(textOf(name)) && map(annotations)[NOT_COPIED] !== "true")
        yield `metadata.annotations: must have ${NOT_COPIED}: "true". Without it, the Hierarchical Namespace Controller may copy the Secret to other namespaces. Add it.`;
}

/** Whether a tag or version always refers to the same content. */
const PINNED = /^v?\d+\.\d+\.\d+([.+_-][0-9A-Za-z.+_-]*)?(@sha256:[0-9a-f]{64})?$/;
const MOVING = /(?:^|[-.])(latest|stable|nightly|main|master|edge|dev)(?:$|[-.])/;
const DIGEST = /@sha256:[0-9a-f]{64}$/;

export const versionsPinned: Rule = {
    name: "versions-pinned",
    title: `Images and charts are from a known repository and have a pinned version, and every APISIX is version ${OLDEST_APISIX} or newer.`,
    reason: "Unpinned content can change without a preview. In older versions of APISIX, anyone with the public key of a caller can forge tokens of that caller.",
    *check(resource, facts) {
        for (const { container, where } of containersOf(resource)) {
            const { image } = container;
            if (image === undefined && resource.type.endsWith("Patch")) continue;
            const [, repository, tag] = /^(.*?)(?::([^:/@]+))?(?:@.*)?$/s.exec(String(image))!;
            if (!DIGEST.test(String(image))) yield* pinned(tag, `${where}.image`);
            if (/(^|\/)apisix$/.test(repository)) yield* newEnough(tag, `${where}.image`);
            yield* known(repository, `${where}.image`, facts);
        }
        for (const { name, repository, version, values, where } of chartsOf(resource)) {
            if (version !== UNKNOWN) yield* pinned(version, `version of chart ${name}`);
            yield* known(repository, `repository of chart ${name}`, facts);
            yield* known(at(values, "image.repository"), `${where}.image.repository`, facts);
            if (name !== "apisix") continue;
            yield* pinned(at(values, "image.tag"), `${where}.image.tag`);
            yield* newEnough(at(values, "image.tag"), `${where}.image.tag`);
        }
    },
};

function* pinned(tag: unknown, where: string): Generator<Message> {
    if (!PINNED.test(String(tag)) || MOVING.test(String(tag)))
        yield `${where}: must be one version (got ${shown(tag)}). Name an exact version, or a digest.`;
}

function* known(repository: unknown, where: string, facts: Facts): Generator<Message> {
    const isMissing = repository === undefined || repository === UNKNOWN;
    if (!isMissing && facts.lists?.sources.has(String(repository)) === false && !inConfig(facts, repository))
        yield `${where}: must be from a repository in policy/lists.yaml or in the stack's config. Correct it.`;
}

function* newEnough(tag: unknown, where: string): Generator<Message> {
    const [, version] = /^v?(\d+\.\d+)(?:[.@-]|$)/.exec(String(tag)) ?? [];
    if (version === undefined || isOlder(version, OLDEST_APISIX))
        yield `${where}: must be APISIX ${OLDEST_APISIX} or newer (got ${shown(tag)}). Name a newer tag.`;
}
