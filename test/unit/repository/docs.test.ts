// Proves that the documentation matches the code in keys, defaults, descriptions, examples, error texts, commands,
// ports and the tree of folders. Proves that every link has a target. The prose is not checked.
import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parse as parseYaml } from "yaml";
import { parse as parseConfig, type RawConfig } from "../../../config";
import { ADMIN_SERVICE } from "../../../components/apisix/values";
import { renderPolicy } from "../../../components/etcd/etcd";
import { HEALTH_PORT } from "../../../components/etcd/names";
import { networkPolicies } from "../../../components/apisix/pod-objects";
import { record } from "../../kit";
import { generatedPages } from "../../site/generated-pages";
import { PREFIX } from "../../../components/alpa/paths";
import { cloudflare } from "../../../stacks/cloudflare";
import { CALLS, cloudflareStack, SSH_KEY, TOKENS } from "../kit/cloudflare";

const ROOT = resolve(__dirname, "../../..");
const read = (file: string) => readFileSync(join(ROOT, file), "utf8");
/** Every file of the project that is committed or about to be. */
const FILES = execFileSync(
    "git",
    // The clone may belong to a user other than the one who runs the tests.
    ["-c", `safe.directory=${ROOT}`, "ls-files", "--cached", "--others", "--exclude-standard"],
    { cwd: ROOT, encoding: "utf8" },
)
    .split("\n")
    // Leaves out the operators' records in .alpa-auth/.
    .filter((file) => file !== "" && !file.startsWith(".alpa-auth/") && existsSync(join(ROOT, file)));
const PAGES = FILES.filter((file) => file.endsWith(".md"));
/** Text of each page that is generated and not committed, by its path. */
const GENERATED = Object.fromEntries(
    Object.entries(generatedPages()).map(([page, text]) => [`docs/${page}`, text] as const),
);
const LAYOUT = "docs/architecture.md";
/** Whether a file or folder is committed or about to be. A generated page is not. */
const isTracked = (path: string) =>
    FILES.some((file) => file === path || file.startsWith(`${path.replace(/\/$/, "")}/`));

interface Block {
    /** Text of the heading above the block. */
    heading: string;
    language: string;
    text: string;
}

/** Fenced blocks of a page, without the indentation of their list. */
function blocks(page: string): Block[] {
    let heading = "";
    const found: Block[] = [];
    let open: (Block & { indent: number }) | undefined;
    for (const line of read(page).split("\n")) {
        const fence = /^( *)```(\w*)$/.exec(line);
        if (fence && !open) open = { heading, language: fence[2], text: "", indent: fence[1].length };
        else if (fence && open) {
            found.push(open);
            open = undefined;
        } else if (open) open.text += `${line.slice(open.indent)}\n`;
        else heading = /^#+ (.*)$/.exec(line)?.[1] ?? heading;
    }
    return found;
}

/** A page without its fenced blocks. */
const prose = (page: string) => (GENERATED[page] ?? read(page)).replace(/^ *```[\s\S]*?^ *```$/gm, "");

const wordsOf = (pages: string[]) => pages.reduce((sum, page) => sum + read(page).trim().split(/\s+/).length, 0);

/** Cells of the rows of every table whose header starts with `first`. */
function tableRows(page: string, first: string): string[][] {
    const rows: string[][] = [];
    let inside = false;
    for (const line of prose(page).split("\n")) {
        if (!line.startsWith("|")) inside = false;
        else {
            const cells = line.split(/(?<!\\)\|/).slice(1, -1);
            const row = cells.map((cell) => cell.trim().replaceAll("\\|", "|"));
            if (inside && !/^:?-+:?$/.test(row[0])) rows.push(row);
            inside ||= row[0] === first;
        }
    }
    return rows;
}

describe("examples and messages", () => {
    const examples = PAGES.flatMap((page) =>
        blocks(page).map((block, i, all) => ({ page, ...block, answer: all[i + 1] })),
    ).filter((block) => block.language === "yaml" && block.text.startsWith("config:"));
    for (const { page, heading, text, answer } of examples) {
        const refused = answer?.language === "text" && answer.text.includes("problems in the stack config");
        it(`${page}: the example under "${heading}" is ${refused ? "rejected with the text below it" : "accepted"}`, () => {
            const run = () => parseConfig(rawConfig(text));
            if (refused) assert.throws(run, (error: Error) => (assert.equal(`${error.message}\n`, answer.text), true));
            else assert.deepEqual(run().warnings, []);
        });
    }

    it("quotes the messages of a conversion", () => {
        const code = FILES.filter((file) => /^(preflight|components|ops)\/.*\.(ts|sh)$/.test(file))
            .map(read)
            .join("\n")
            .replace(/["`]\s*\+\s*["`]/g, "");
        const [, listed] = prose("docs/operate/convert.md").split("## Messages of a conversion");
        const texts = [...listed.matchAll(/^- `([^`]+)`: /gm)].map(([, text]) => text);
        assert.ok(texts.length >= 5);
        for (const text of texts)
            for (const part of text.split("…").map((p) => p.trim()))
                assert.ok(code.includes(part), `nothing in the code says "${part}"`);
    });
});

/** Replaces an encrypted value by an SSH key: all encrypted values on the pages are private keys. */
function decrypted(_key: string, value: unknown): unknown {
    const sealed = typeof value === "object" && value !== null && "secure" in value;
    return sealed ? SSH_KEY : value;
}

/** A stack file's config as Pulumi passes it. */
function rawConfig(text: string): RawConfig {
    const { config } = parseYaml(text) as { config: Record<string, unknown> };
    return Object.fromEntries(
        Object.entries(config).map(([key, value]) => {
            assert.ok(key.startsWith("alpa-auth:"), `${key} has no project prefix`);
            return [
                key.slice("alpa-auth:".length),
                typeof value === "string" ? value : JSON.stringify(value, decrypted),
            ];
        }),
    );
}

describe("docs about the architecture", () => {
    it("shows the tree of the repository as it is, two levels deep", () => {
        const tree = blocks(LAYOUT).find((b) => b.heading === "Tree of the repository");
        assert.ok(tree, "no tree under the heading");
        let parent = "";
        const shown = tree.text.split("\n").flatMap((line) => {
            const [, indent, name] = /^( {4})?(\S+)/.exec(line) ?? [];
            if (name === undefined) return [];
            if (indent === undefined) parent = name;
            return [indent === undefined ? name : `${parent}${name}`];
        });
        const real = FILES.flatMap((file) => {
            const parts = file.split("/");
            return parts.length === 1
                ? parts
                : [`${parts[0]}/`, ...(parts.length > 2 ? [`${parts[0]}/${parts[1]}/`] : [])];
        });
        assert.deepEqual(shown.slice().sort(), [...new Set(real)].sort());
    });

    for (const folder of ["components", "stacks"])
        it(`names in that tree each file of ${folder}/`, () => {
            const { text } = blocks(LAYOUT).find((b) => b.heading === "Tree of the repository")!;
            const entry = new RegExp(`^${folder}/ +(.*(?:\\n {20,}.*)*)$`, "m").exec(text)![1];
            const named = [...entry.matchAll(/[\w-]+\.ts/g)].map(([name]) => name);
            const real = FILES.filter((file) => new RegExp(`^${folder}/[^/]+\\.ts$`).test(file));
            assert.deepEqual(named.sort(), real.map((file) => file.slice(folder.length + 1)).sort());
        });

    it("names every port of the code in its table of ports", async () => {
        const named = tableRows("docs/evaluate/security.md", "Port").map(([port]) => Number(port));
        const raw = rawConfig(read("Pulumi.intra.yaml"));
        const settings = parseConfig(raw);
        assert.ok(settings.option === "intra-a");
        const { gateway, server } = settings;
        assert.ok(gateway.installer === "rampart");
        const policies = await record(() => networkPolicies("policies", { namespace: "apisix" }, {}));
        const specs: any[] = [...policies.map((p) => p.inputs.spec ?? {}), renderPolicy("apisix")];
        const opened = specs.flatMap(({ ingress = [] }) => ingress.flatMap((rule: any) => rule.ports));
        const expected = [
            gateway.release.nodePort!,
            ADMIN_SERVICE.port,
            ...server.endpoints.map(({ address }) => Number(address.split(":")[1])),
            ...[...opened.map((p) => p.port as number), HEALTH_PORT],
        ];
        assert.ok(opened.length >= 4);
        assert.deepEqual(
            expected.filter((port) => !named.includes(port)),
            [],
        );
        assert.deepEqual(named, [...new Set(named)], "the table lists a port twice");
    });
});

describe("README.md", () => {
    const scripts = (JSON.parse(read("package.json")) as { scripts: Record<string, string> }).scripts;
    const isCommand = (name: string) => read("sandbox/cli.ts").includes(`.command("${name}")`);

    it("calls the service, like docs/call for each option, at the address that a stack outputs", async () => {
        const host = "api.example.com";
        const outputs: { url: string }[] = [];
        const settings = cloudflareStack({ hostname: host });
        await record(() => void outputs.push(cloudflare(settings) as { url: string }), TOKENS, CALLS);
        const [{ url }] = outputs;
        const calls = ["README.md", "docs/call/README.md"].flatMap((page) =>
            blocks(page).flatMap(({ text }) =>
                [...text.matchAll(/https:\/\/api\.example\.com[^"\s]*/g)].map(([address]) => ({ text, address })),
            ),
        );
        assert.ok(calls.length > 10);
        for (const { text, address } of calls) {
            const edge = /ServiceToken\(|cf-access-client-id/i.test(text);
            assert.equal(
                address.replace(/\/(completions)?$/, ""),
                edge ? url : `https://${host}${/OPENAI_/.test(text) ? "/v1" : PREFIX}`,
                text,
            );
        }
    });

    it("has at most 120 lines, and the written pages of docs/ at most 29,600 words", () => {
        assert.ok(read("README.md").split("\n").length <= 120);
        const written = PAGES.filter(
            (page) =>
                /^(README|CONTRIBUTING)\.md$|^docs\/(?!decisions\/)/.test(page) && !/<!-- Generated/.test(read(page)),
        );
        assert.ok(written.length > 30);
        const words = wordsOf(written);
        assert.ok(words <= 29_600, `${words} words of 29,600: shorten the text`);
    });

    it("and every other page name only npm scripts and sandbox commands that exist", () => {
        for (const page of PAGES) {
            for (const [, script] of read(page).matchAll(/npm run (?:-s )?([\w:-]+)/g))
                assert.ok(script in scripts, `${page}: npm run ${script}`);
            assert.doesNotMatch(read(page), /npm run (?!-s )\S+ -- .*--json/, `${page}: npm prints lines of its own`);
            for (const [, command] of read(page).matchAll(/npm run (?:-s )?sandbox -- (\w+)/g))
                assert.ok(isCommand(command), `${page}: sandbox -- ${command}`);
        }
        assert.ok("test" in scripts);
    });
});

describe("links", () => {
    for (const page of [...PAGES, ...Object.keys(GENERATED)])
        it(`of ${page} have a target`, () => {
            const targets = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)]
                .map(([, target]) => target)
                .filter((target) => !/^(https?|mailto):/.test(target));
            for (const target of targets) {
                const [path, anchor] = target.split("#");
                const file = path === "" ? page : join(dirname(page), path);
                // GitHub shows README.md, and has no generated page.
                const isPage = page !== "README.md" && file in GENERATED;
                assert.ok(isPage || isTracked(file), `${target}: no such file`);
                if (anchor !== undefined) assert.ok(anchors(file).includes(anchor), `${target}: no such heading`);
            }
        });
});

/** Names of the headings of a page, as GitHub generates them. */
function anchors(page: string): string[] {
    return [...prose(page).matchAll(/^#+ (.*)$/gm)].map(([, text]) =>
        text
            .toLowerCase()
            .replace(/[^\p{L}\p{N} _-]/gu, "")
            .replaceAll(" ", "-"),
    );
}

describe("messages of the product, and stack files", () => {
    it("name only pages of docs/ that are committed, and headings that they have", () => {
        let seen = 0;
        const product = FILES.filter((file) =>
            /^((components|config|preflight|ops|policy|client|docs\/examples)\/.*|Pulumi\.[\w.]+)\.(ts|py|yaml)$/.test(
                file,
            ),
        );
        for (const file of product)
            for (const [cited, page, heading] of read(file).matchAll(
                /(docs\/[\w/-]+\.(?:md|schema\.json))(?:: ([A-Z][\w' ]+))?/g,
            )) {
                assert.ok(isTracked(page), `${file}: ${cited}`);
                const headings = [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, text]) => text);
                if (heading !== undefined) assert.ok(headings.includes(heading.trim()), `${file}: ${cited}`);
                seen++;
            }
        assert.ok(seen > 10);
    });

    it("name only decisions that exist", () => {
        const isDecision = (number: string) => FILES.some((file) => file.startsWith(`docs/decisions/${number}-`));
        for (const file of FILES.filter((one) => /\.(ts|py|sh|toml|md)$/.test(one)))
            for (const [cited, number] of read(file).matchAll(/\bdecisions?[ /](\d{4})\b/gi))
                assert.ok(isDecision(number), `${file}: ${cited}`);
    });
});

describe("site/pages.json", () => {
    it("lists each page of docs/ once, except the decisions, which have a list of their own", () => {
        const groups = JSON.parse(read("site/pages.json")) as { pages: string[] }[];
        const listed = groups.flatMap(({ pages }) => pages.map((page) => `docs/${page}`));
        const committed = PAGES.filter((page) => page.startsWith("docs/") && !/^docs\/decisions\/\d/.test(page));
        const pages = [...committed, ...Object.keys(GENERATED)];
        assert.deepEqual(listed.sort(), pages.sort());
    });
});

describe("docs/decisions", () => {
    const HEADINGS = ["Context", "Decision", "Alternatives", "When to reconsider"];
    const decisions = PAGES.filter((file) => /^docs\/decisions\/(?!README)/.test(file)).sort();

    it("are numbered one after the other, at most 20 with 10,000 words", () => {
        assert.ok(decisions.length > 0 && decisions.length <= 20);
        decisions.forEach((file, i) =>
            assert.match(file, new RegExp(`/${String(i + 1).padStart(4, "0")}-[a-z0-9-]+\\.md$`)),
        );
        const words = wordsOf(decisions);
        assert.ok(words <= 10_000, `${words} words of 10,000: shorten the text`);
    });

    for (const file of decisions)
        it(`${file} has its number, and every heading with text under it`, () => {
            const [head, ...sections] = read(file).split(/^## /m);
            assert.ok(head.startsWith(`# ${/(\d{4})-/.exec(file)![1]}. `));
            assert.deepEqual(
                sections.map((section) => section.split("\n")[0]),
                HEADINGS,
            );
            for (const section of sections) assert.match(section, /\n\n\S/, section);
        });
});
