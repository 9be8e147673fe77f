/** A review as a comment of a pull request. */
import { SEVERITIES } from "./finding";
import { linesOf, plain, summary, TITLES, type Review, type Style } from "./report";

/** Longest review: a comment on GitHub may have 65,536 characters, and a workflow adds its own text. */
export const LONGEST = 64_000;
const OMITTED =
    "\n**The comment would be too long: the rest is omitted.** To see all: `npm run ops -- stack review --format json`";

const MARKDOWN: Style = {
    shown: 30,
    heading: (title) => ["", `### ${title}`, ""],
    finding: (code, says) => `- \`${code}\` ${escaped(says)}`,
    evidence: (text) => `  - ${code_(text)}`,
    todo: (text) => `  - **To do:** ${escaped(text)}`,
};

/** Renders a review. If it is too long, the least dangerous findings are omitted. */
export function renderMarkdown(review: Review): string {
    const worst = SEVERITIES.find((severity) => review.findings.some((finding) => finding.severity === severity));
    const title =
        worst === undefined ? "No change for callers" : worst === "harmless" ? "Harmless for callers" : TITLES[worst];
    const lines = [`## ${title}`, "", escaped(summary(review)), ...linesOf(review.findings, MARKDOWN)];
    let length = 0;
    const end = lines.findIndex((line) => (length += line.length + 1) > LONGEST - OMITTED.length);
    return `${(end < 0 ? lines : [...lines.slice(0, end), OMITTED]).join("\n")}\n`;
}

/** Escapes values, which the author of a change chooses, so that they cannot form links, mentions, headings or HTML. */
export function escaped(text: string): string {
    return (
        plain(text)
            // Unescaped, a numeric reference, for example `&#64;`, could stand for any character.
            .replace(/&/g, "&amp;")
            .replace(/[\\`*_{}[\]<>#|~]/g, "\\$&")
            // A zero-width space breaks text that GitHub would turn into a link or a mention.
            .replace(/[@#]|:(?=\/\/)|\bwww(?=\.)|\b(mailto|xmpp):|\bGH(?=-\d)/gi, "$&\u200b")
            // GitHub renders text between two dollar signs as a formula, even after a backslash. Its docs give this escape.
            .replace(/\$/g, "<span>$$</span>")
    );
}

function code_(text: string): string {
    const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
    const fence = "`".repeat(longest + 1);
    const pad = longest > 0 ? " " : "";
    return `${fence}${pad}${plain(text)}${pad}${fence}`;
}
