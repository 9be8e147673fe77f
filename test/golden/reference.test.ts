// Proves that the pages in docs/reference are generated from the config's schema and from the commands. Proves that
// each key has a description, a default with its reason, and an example that the schema accepts.
import { strict as assert } from "node:assert";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { Document, visit } from "yaml";
import * as z from "zod";
import { OPTIONS } from "../../config/options";
import { commandFor, configurationPage, ENCRYPTED, keysOf, sample } from "../../config/reference";
import { realContext } from "../../ops/context";
import { program } from "../../ops/program";
import { cliPage } from "../../ops/reference";
import { RULES, type Rule } from "../../policy/rules";
import { ROUTES } from "../../sandbox/cloudflare/api/routes";
import { SSH_KEY } from "../unit/kit/cloudflare";
import { KUBECONFIG } from "../unit/kit/intra-a";
import { assertReviewed, formatted } from "./file";

const FOLDER = "../../docs/reference";

async function assertPage(name: string, text: string): Promise<void> {
    const file = `${FOLDER}/${name}.md`;
    assertReviewed(file, await formatted(file, text));
}

describe("reference of the configuration", () => {
    for (const option of OPTIONS) {
        it(`has a page for option ${option} that is generated from its schema`, async () => {
            await assertPage(`configuration/${option}`, configurationPage(option, "alpa-auth"));
        });

        it(`describes every key of option ${option}, and its default with the reason`, () => {
            for (const { path, description, need, reason, unset, isMapping, schema } of keysOf(option)) {
                assert.match(description ?? "", /^[^\n]+[.]$/, `${path}: describe it in a sentence`);
                assert.doesNotMatch(description!, /\bunset\b|default:/i, `${path}: meta has its default`);
                const isLiteral = schema instanceof z.ZodLiteral;
                if (need === "default" && !isLiteral)
                    assert.match(reason ?? "", /\.$/, `${path}: reason of the default`);
                if (need === "optional" && !isMapping) assert.ok(unset, `${path}: what holds without it`);
            }
        });

        it(`shows for every key of option ${option} a value that the schema accepts`, () => {
            // If a command sets a key, the command is the example.
            for (const key of keysOf(option).filter((one) => commandFor(one) === undefined)) {
                const value = decrypted(sample(key));
                assert.notEqual(value, undefined, `${key.path}: give an example`);
                const { success, error } = z.safeParse(key.schema, value);
                assert.ok(success, `${key.path}: ${JSON.stringify(value)}: ${error?.message}`);
            }
        });
    }

    it("has no page for an option that does not exist", () => {
        const pages = readdirSync(join(__dirname, FOLDER, "configuration")).filter((name) => name !== "README.md");
        assert.deepEqual(pages.sort(), OPTIONS.map((option) => `${option}.md`).sort());
    });
});

describe("reference of the command line", () => {
    it("is generated from the commands", async () => {
        await assertPage("cli", cliPage(program(realContext())));
    });
});

describe("reference of the policy rules", () => {
    it("is generated from the rules", async () => {
        const intro =
            "Names are stable. Each rule is one object in `policy/rules/`: a function of the inputs of a resource. [The policy pack](../review/policy.md) explains how to run it and how to make an exception.";
        const rules = RULES.map(ruleSection).join("\n\n");
        await assertPage(
            "policy-rules",
            `# Policy rules\n\n${intro}\n\n<!-- Generated: npm run golden -->\n\n${rules}\n`,
        );
    });
});

/** Replaces each encrypted value by a valid secret. */
function decrypted(value: unknown): unknown {
    const secret = (key: string, part: unknown) =>
        isDeepStrictEqual(part, ENCRYPTED) ? (key === "kubeconfig" ? KUBECONFIG : SSH_KEY) : part;
    return value === undefined ? undefined : (JSON.parse(JSON.stringify(value), secret) as unknown);
}

/** The section about a rule: what the rule requires, for which reason, and an example of a violation. */
function ruleSection({ name, title, reason, example }: Rule): string {
    const document = new Document(example.inputs);
    visit(document, { Collection: (_, node) => void (node.flow = true) });
    const text = document.toString({ lineWidth: 0, flowCollectionPadding: false }).trim();
    return `## ${name}\n\n${title} ${reason}\n\nA violation, in a resource ${example.type.split(":").pop()}:\n\n\`\`\`yaml\n${text}\n\`\`\``;
}

describe("reference of the emulated Cloudflare API", () => {
    it("is generated from its routes", async () => {
        const rows = ROUTES.map(({ method, path, usedBy, needs }) => {
            const permission = needs.length === 0 ? "any token" : needs.join(" or ");
            return `| \`${method} ${path}\` | ${usedBy} | ${permission} |`;
        });
        const table = ["| Route | Used by | Permission of the API token |", "| --- | --- | --- |", ...rows].join("\n");
        const intro =
            "Generated from the code of [the sandbox's Cloudflare API](sandbox-cloudflare.md): the routes that it implements. It answers every other one with 501.";
        const title = "# Routes of the sandbox's Cloudflare API";
        await assertPage(
            "sandbox-cloudflare-routes",
            `${title}\n\n${intro}\n\n<!-- Generated: npm run golden -->\n\n${table}\n`,
        );
    });
});

describe("list of decisions", () => {
    it("has the title of each decision", async () => {
        const folder = join(__dirname, "../../docs/decisions");
        const pages = readdirSync(folder).filter((name) => /^\d{4}-/.test(name));
        const titles = pages
            .sort()
            .map((name) => [/^# (.*)$/m.exec(readFileSync(join(folder, name), "utf8"))![1], name]);
        const intro =
            "Each page has the context of a decision, the alternatives, what they give up, and what would change it.";
        const list = titles.map(([title, name]) => `- [${title}](${name})`).join("\n");
        const file = "../../docs/decisions/README.md";
        const text = `# Decisions\n\n${intro}\n\n<!-- Generated. After a new decision: npm run golden -->\n\n${list}\n`;
        assertReviewed(file, await formatted(file, text));
    });
});
