/** A review as a comment of a pull request. */
import { SEVERITIES, type Finding, type Severity } from "./finding";
import { evidenceText, grouped, summary, TITLES, type Review } from "./report";
import { counted } from "./words";

/** A comment of GitHub takes 65,536 characters; what a workflow writes around this one has the rest. */
export const LONGEST = 64_000;
/** What is left for the line that says how much is missing. */
const NOTE = 300;
const EVIDENCE = 3;

/** The most dangerous part is first, and the last to be left out. */
export function renderMarkdown(review: Review, longest = LONGEST): string {
    const parts: string[] = [`${title(review)}\n\n${escaped(summary(review))}\n`];
    let length = parts[0].length;
    let shown = 0;
    let severity: Severity | undefined;
    for (const group of grouped(review.findings)) {
        for (const [i, finding] of group.entries()) {
            const heading = finding.severity === severity ? "" : `\n### ${TITLES[finding.severity]}\n\n`;
            const todo =
                i === group.length - 1 && finding.severity !== "harmless"
                    ? `  - **To do:** ${escaped(finding.todo)}\n`
                    : "";
            const text = `${heading}${findingText(finding)}${todo}`;
            if (length + text.length > longest - NOTE) return parts.join("") + missing(review.findings.slice(shown));
            severity = finding.severity;
            parts.push(text);
            length += text.length;
            shown++;
        }
    }
    return parts.join("");
}

function title({ findings }: Review): string {
    const worst = SEVERITIES.find((severity) => findings.some((finding) => finding.severity === severity));
    return `## ${worst === undefined ? "No change for callers" : worst === "harmless" ? "Harmless for callers" : TITLES[worst]}`;
}

function findingText(finding: Finding): string {
    const { code, says, evidence, severity } = finding;
    const line = `- \`${code}\` ${escaped(says)}.\n`;
    if (severity === "harmless") return line;
    const more = evidence.length - EVIDENCE;
    return [
        line,
        ...evidence.slice(0, EVIDENCE).map((one) => `  - ${code_(evidenceText(one))}\n`),
        ...(more > 0 ? [`  - and ${more} more\n`] : []),
    ].join("");
}

function missing(rest: Finding[]): string {
    const of = SEVERITIES.map(
        (severity) => [severity, rest.filter((finding) => finding.severity === severity).length] as const,
    );
    const words = of.filter(([, n]) => n > 0).map(([severity, n]) => `${n} ${severity}`);
    return `\n**${counted(rest.length, "finding")} left out, since the comment would be too long (${words.join(", ")}).** All of them: \`npm run ops -- stack review --format text\`\n`;
}

/** Values come from other people's files: they make no links, mentions, headings or HTML of a comment. */
function escaped(text: string): string {
    return text
        .replace(/[\\`*_{}[\]<>#|~]/g, "\\$&")
        .replace(/@/g, "@\u200b")
        .replace(/\s+/g, " ");
}

function code_(text: string): string {
    const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
    const fence = "`".repeat(longest + 1);
    const pad = longest > 0 ? " " : "";
    return `${fence}${pad}${text.replace(/\s+/g, " ")}${pad}${fence}`;
}
