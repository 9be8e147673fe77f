// Proves that no rule rejects the reviewed golden files. stacks.test.ts covers rules between resources, and what golden files
// omit, for example labels and scripts.
import { strict as assert } from "node:assert";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { resourceOf } from "../../../policy/resources/resource";
import { RULES, violationsOf } from "../../../policy/rules";
import { TYPES } from "../../../policy/rules/known-types";

const FOLDER = join(__dirname, "../../golden");
/** Dynamic resources of this project, which have no type of a provider. */
const OWN =
    /^(Awaited|ConsumersAccepted|ConversionRecord|CredentialsRevoked|EtcdPrepared|ImagesReady|RampartGraph|RampartGuard|RayReady|RouteServed|SecretVersions)$/;

const OF_COMMANDS = { logging: "none", addPreviousOutputInEnv: false, connection: { hostKey: "ssh-ed25519 AAAA" } };

/** Replaces the placeholders of a golden by valid texts. */
function filled(value: unknown): unknown {
    if (value === "(secret)") return "[secret]"; // The form of secrets in previews.
    if (value === "(digest)") return "0123456789ab";
    if (Array.isArray(value)) return value.map(filled);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([field, part]) => [field, filled(part)]));
}

function typeOf({ kind, on, create, chart, phase, metadata }: Record<string, any>): string | undefined {
    // `kind` is a field of a Cloudflare ruleset here, not the kind of a Kubernetes object.
    if (kind === "zone" && phase !== undefined) return [...TYPES].find((type) => type.endsWith(":Ruleset"));
    if (on !== undefined && create !== undefined) return "command:remote:Command";
    if (kind === undefined && chart !== undefined) return "kubernetes:helm.sh/v3:Release";
    if (OWN.test(kind)) return `pulumi-nodejs:dynamic/alpa-auth:${kind}`;
    const patch = metadata?.annotations?.["pulumi.com/patchForce"] === undefined ? "" : "Patch";
    return [...TYPES].find((type) => type.endsWith(`:${kind}${patch}`));
}

function resourcesOf(file: string) {
    return parseAllDocuments(readFileSync(join(FOLDER, file), "utf8"))
        .map((document) => ({
            name: /[^ \n]+/.exec(document.contents?.commentBefore ?? "")?.[0] ?? "unnamed",
            inputs: filled(document.toJS({ maxAliasCount: -1 })) as Record<string, any> | null,
        }))
        .filter(({ inputs }) => inputs !== null)
        .map(({ name, inputs }) => {
            const type = typeOf(inputs!);
            assert.ok(type, `${name} of ${file}: add its type here`);
            const inside = name.startsWith("alpa-exposure") ? "alpa-auth:parts:CloudflareExposure$" : "";
            const urn = `urn:pulumi:test::alpa-auth::${inside}${type}::${name}`;
            const { kind, ...rest } = inputs!;
            // The golden of hosts shows only the command lines of its resources.
            if (type.startsWith("command:")) Object.assign(inputs!, OF_COMMANDS);
            const withKind = kind === "zone" || !type.startsWith("cloudflare:");
            return resourceOf({ type, name, urn, protect: true, inputs: withKind ? inputs! : rest });
        });
}

describe("every golden file", () => {
    const rules = RULES.map((rule) => ({ ...rule, checkStack: undefined }));
    for (const file of readdirSync(FOLDER).filter((name) => name.endsWith(".yaml")))
        it(`breaks no rule: ${file}`, () => {
            const resources = resourcesOf(file);
            assert.ok(resources.length > 3);
            assert.deepEqual(
                violationsOf(resources, rules).map(({ rule, name, message }) => `${rule} ${name}: ${message}`),
                [],
            );
        });
});
