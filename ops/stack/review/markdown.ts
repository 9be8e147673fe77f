/** A review as a comment of a pull request. */
import { counted } from "../../../config/problems";
import { SEVERITIES, type Finding, type Severity } from "./finding";
import { cut, evidenceText, grouped, plain, summary, TITLES, todosOf, type Review } from "./report";

/** Longest review: a comment on GitHub may have 65,536 characters, and a workflow adds its own text. */
export const LONGEST = 64_000;
/** Characters reserved for the line about omitted findings. */
const NOTE = 300;
const EVIDENCE = 3;
/** This many findings of each code are chosen first, so that every code is shown even if one code has many findings. */
const FIRST = 10;

/** Renders a review. If it is too long, findings of every code are kept first, and then the most dangerous ones. */
export function renderMarkdown(review: Review): string {
    const head = `${title(review)}\n\n${escaped(summary(review))}\n`;
    const groups = grouped(review.findings);
    const kept = chosen(groups, LONGEST - NOTE - head.length);
    const parts = [head];
    let severity: Severity | undefined;
    for (const group of groups) {
        const shown = group.filter((finding) => kept.has(finding));
        if (shown.length === 0) continue;
        if (group[0].severity !== severity) parts.push(heading((severity = group[0].severity)));
        parts.push(...shown.map(findingText));
        if (shown.length < group.length) parts.push(moreText(group, group.length - shown.length));
        parts.push(todoText(group));
    }
    const missing = review.findings.filter((finding) => !kept.has(finding));
    return parts.join("") + (missing.length > 0 ? missingText(missing) : "");
}

/** Findings that fit. A finding that is too long is omitted, and later ones may still fit. */
function chosen(groups: Finding[][], room: number): Set<Finding> {
    const kept = new Set<Finding>();
    let length = 0;
    const take = (group: Finding[], findings: Finding[]) => {
        const around = (heading(group[0].severity) + moreText(group, group.length) + todoText(group)).length;
        for (const finding of findings) {
            const isFirst = !group.some((one) => kept.has(one));
            const size = findingText(finding).length + (isFirst ? around : 0);
            if (length + size > room) continue;
            kept.add(finding);
            length += size;
        }
    };
    for (const group of groups) take(group, group.slice(0, FIRST));
    for (const group of groups) take(group, group.slice(FIRST));
    return kept;
}

function heading(severity: Severity): string {
    return `\n### ${TITLES[severity]}\n\n`;
}

function moreText([{ code }]: Finding[], count: number): string {
    return `- \`${code}\` and ${counted(count, "more finding")} of this code\n`;
}

function todoText(group: Finding[]): string {
    if (group[0].severity === "harmless") return "";
    return todosOf(group)
        .map((todo) => `  - **To do:** ${escaped(todo)}\n`)
        .join("");
}

function title({ findings }: Review): string {
    const worst = SEVERITIES.find((severity) => findings.some((finding) => finding.severity === severity));
    return `## ${worst === undefined ? "No change for callers" : worst === "harmless" ? "Harmless for callers" : TITLES[worst]}`;
}

function findingText(finding: Finding): string {
    const { code, says, evidence, severity } = finding;
    const line = `- \`${code}\` ${escaped(cut(says))}.\n`;
    if (severity === "harmless") return line;
    const more = evidence.length - EVIDENCE;
    return [
        line,
        ...evidence.slice(0, EVIDENCE).map((one) => `  - ${code_(evidenceText(one))}\n`),
        ...(more > 0 ? [`  - and ${more} more\n`] : []),
    ].join("");
}

function missingText(rest: Finding[]): string {
    const of = SEVERITIES.map(
        (severity) => [severity, rest.filter((finding) => finding.severity === severity).length] as const,
    );
    const counts = of.filter(([, n]) => n > 0).map(([severity, n]) => `${n} ${severity}`);
    return `\n**${counted(rest.length, "finding")} omitted, since the comment would be too long (${counts.join(", ")}).** To see all: \`npm run ops -- stack review --format json\`\n`;
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
