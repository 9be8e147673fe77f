/** A review as text for a terminal, and as JSON. */
import { counted } from "../../../config/problems";
import { SEVERITIES, type Evidence, type Finding, type Severity } from "./finding";

export interface Review {
    /** Subject of the review. @default a change before it is applied */
    about?: "drift";
    stack: string;
    /** Number of resources by operation. */
    changes: Record<string, number>;
    findings: Finding[];
}

export const TITLES: Record<Severity, string> = {
    "breaks-callers": "Breaks callers",
    risk: "Risk",
    harmless: "Harmless",
};

/** Maximum number of pieces of evidence to show for one finding. */
const EVIDENCE = 3;

/** How to write the parts of a review. Each function returns one line, or several. */
export interface Style {
    /** Maximum number of findings of one code to show. Further ones are only counted, so that the next code stays visible. */
    shown: number;
    heading(title: string): string[];
    finding(code: string, says: string): string;
    evidence(text: string): string;
    todo(text: string): string;
}

/** Findings of one code and severity, in the order of a review. */
function grouped(findings: Finding[]): Finding[][] {
    const groups: Finding[][] = [];
    for (const finding of findings) {
        const last = groups.at(-1);
        if (last && last[0].code === finding.code && last[0].severity === finding.severity) last.push(finding);
        else groups.push([finding]);
    }
    return groups;
}

export function summary({ about, stack, changes, findings }: Review): string {
    const done = Object.entries(changes).map(([op, n]) => `${n} ${op}`);
    const found = SEVERITIES.map((one) => [findings.filter(({ severity }) => severity === one).length, one] as const)
        .filter(([n]) => n > 0)
        .map((one) => one.join(" "));
    const isDrift = about === "drift";
    const unchanged = isDrift ? "everything is as Pulumi applied it" : "nothing changes";
    // A finding may be about what Pulumi shows as no change of a resource.
    const none = found.length === 0 ? unchanged : "Pulumi shows no changed resource";
    const what = done.length === 0 ? none : `resources: ${done.join(", ")}`;
    const title = `${isDrift ? "Drift" : "Review"} of stack ${stack}`;
    return `${title}: ${what}. ${found.length === 0 ? "Callers notice nothing." : `Findings: ${found.join(", ")}.`}`;
}

const TEXT: Style = {
    shown: 10,
    heading: (title) => ["", title.toUpperCase()],
    finding: (code, says) => `  ${code}  ${says}`,
    evidence: (text) => `      ${text}`,
    todo: (text) => `    -> ${text}`,
};

export function renderText(review: Review): string {
    return [summary(review), ...linesOf(review.findings, TEXT)].map(plain).join("\n");
}

/** Lines about all findings. Those about harmless ones have no evidence and no instruction. */
export function linesOf(findings: Finding[], style: Style): string[] {
    let severity: Severity | undefined;
    return grouped(findings).flatMap((group) => {
        const [first] = group;
        const heading = first.severity === severity ? [] : style.heading(TITLES[(severity = first.severity)]);
        const shown = group.slice(0, style.shown);
        const isHarmless = severity === "harmless";
        const more = group.length - shown.length;
        return [
            ...heading,
            ...shown.flatMap(({ code, says, evidence }) => [
                style.finding(code, `${cut(says, SENTENCE)}.`),
                ...(isHarmless ? [] : evidenceLines(evidence).map(style.evidence)),
            ]),
            ...(more === 0
                ? []
                : [style.finding(first.code, `and ${counted(more, "more finding")} of this code; all: --format json`)]),
            ...(isHarmless ? [] : [...new Set(shown.map(({ todo }) => todo))].map(style.todo)),
        ];
    });
}

/** Removes line breaks, control characters and changes of text direction: the author of a change chooses the values. */
export function plain(line: string): string {
    return line.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ");
}

/** Longest sentence, and longest value in a line. JSON has the full texts. */
const SENTENCE = 400;
const VALUE = 80;

const cut = (text: string, most: number) => (text.length > most ? `${text.slice(0, most)}…` : text);

function evidenceLines(all: Evidence[]): string[] {
    const more = all.length - EVIDENCE;
    const lines = all.slice(0, EVIDENCE).map(({ resource, property, old, new: now }) => {
        const [from, to] = [old, now].map((value) => cut(value ?? "(none)", VALUE));
        const sides = old === undefined && now === undefined ? "" : `: ${from} -> ${to}`;
        return `${cut(resource, VALUE)}${property === undefined ? "" : ` ${cut(property, VALUE)}`}${sides}`;
    });
    return more > 0 ? [...lines, `and ${more} more`] : lines;
}
