// Golden files of option inter, for each installer: the differences from option intra-a, and the changes by exposure
// tunnel, and by an OpenAI-compatible server. Other tests prove the same facts. Regenerate: npm run golden
import { strict as assert } from "node:assert";
import { asked, inputsOf, type Seen } from "../kit";
import { exposedInterSettings, INTER_INSTALLERS, interSettings, interValues, recordInter } from "../unit/kit/inter";
import { recordExposed, recordStack } from "../unit/kit/intra-a";
import { assertReviewed, documentOf, formatted } from "./file";

const HEADER = (what: string) => `# ${what}, for review. Regenerate: npm run golden
# Labels and annotations that every object has are left out; a unit test checks them. (secret): never shown.
`;
/** Waits and generated keys are not objects to review. */
const HIDDEN = /Awaited|GatewayServes|SecretVersions|pulumi:providers|random:|^alpa-auth:/;

const kindOf = (r: Seen): string => r.inputs.kind ?? r.type.split(":").pop();
const shown = (seen: Seen[]) => seen.filter((r) => r.custom && !HIDDEN.test(r.type));

/** Resources of `seen` that `known` does not have, or has with other inputs. */
function news(seen: Seen[], known: Seen[]): Seen[] {
    const before = new Set(shown(known).map(page));
    return shown(seen).filter((r) => !before.has(page(r)));
}

function page(resource: Seen): string {
    const { metadata, __provider, kubeconfig: _k, timeoutSeconds: _t, ...rest } = inputsOf(resource);
    const { labels: _, annotations, ...named } = metadata ?? {};
    // Shows annotations only of patches, which have no other content.
    const more = resource.type.endsWith("Patch") ? { annotations } : {};
    const object = { kind: kindOf(resource), ...(metadata ? { metadata: { ...named, ...more } } : {}), ...rest };
    const { deleteTimeout } = asked(resource);
    const waits = deleteTimeout === "" ? "" : `\n# deleted within ${deleteTimeout}`;
    return documentOf(`${resource.name}${waits}`, object);
}

interface Golden {
    file: string;
    what: string;
    seen: () => Promise<Seen[]>;
    /** Parts that another golden file already shows. */
    known: () => Promise<Seen[]>;
}

/** A stack with an OpenAI-compatible server, with every setting that shows in its route. */
const OPENAI = {
    alpa: undefined,
    openai: {
        endpoints: ["10.0.0.11:8000"],
        models: ["Qwen/Qwen3-32B", "team-lora"],
        serverKey: "s3cret-server-key",
        paths: ["chat/completions", "models"],
    },
    consumers: [
        {
            name: "lab",
            models: ["team-lora"],
            limits: { concurrent: 4, maxTokens: 4096, tokens: 2_000_000, perTokenSeconds: 86_400 },
            credentials: [{ id: "a", method: "key" }],
        },
        { name: "others", credentials: [{ id: "a", method: "key" }] },
    ],
};

const { alpa: _, option: __, gateway: ___, ...same } = interValues();
const FILES = INTER_INSTALLERS.flatMap((installer): Golden[] => {
    const plain = once(() => recordInter(interSettings(installer)));
    return [
        {
            file: `inter-${installer}.yaml`,
            what: `Objects of option inter with installer ${installer} that differ from option intra-a`,
            seen: plain,
            known: () => recordStack(installer, same),
        },
        {
            file: `inter-${installer}-cloudflare.yaml`,
            what: `Changes of exposure tunnel with installer ${installer}, other than those that it makes in option intra-a`,
            seen: () => recordInter(exposedInterSettings(installer)),
            known: async () => [...(await plain()), ...(await recordExposed(installer, same))],
        },
    ];
});

FILES.push({
    file: "inter-openai.yaml",
    what: "Objects of option inter with an OpenAI-compatible server that differ from those with Alpa",
    seen: () => recordInter(interSettings("helm", OPENAI)),
    known: once(() => recordInter(interSettings("helm"))),
});

/** Building a stack is slow, so each is built once. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
    let result: Promise<T> | undefined;
    return () => (result ??= work());
}

async function render({ file, what, seen, known }: Golden): Promise<string> {
    // Not at the same time, because there is only one fake engine.
    const before = await known();
    const pages = news(await seen(), before)
        .sort((a, b) => (`${kindOf(a)} ${a.name}` < `${kindOf(b)} ${b.name}` ? -1 : 1))
        .map(page);
    return formatted(`expected/${file}`, HEADER(what) + pages.join(""));
}

describe("golden inter", () => {
    for (const golden of FILES)
        it(`${golden.file} matches the reviewed file, and shows no secret`, async () => {
            const rendered = await render(golden);
            assertReviewed(`expected/${golden.file}`, rendered);
            assert.doesNotMatch(rendered, /generated|s3cret/);
        });
});
