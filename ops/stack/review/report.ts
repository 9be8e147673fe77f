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

/** Maximum number of findings of one code to show. Further ones are only counted, so that the next code stays visible. */
const SHOWN = 10;
/** Maximum number of pieces of evidence to show for one finding. */
const EVIDENCE = 3;

/** Findings of one code and severity, in the order of a review. */
export function grouped(findings: Finding[]): Finding[][] {
    const groups: Finding[][] = [];
    for (const finding of findings) {
        const last = groups.at(-1);
        if (last && last[0].code === finding.code && last[0].severity === finding.severity) last.push(finding);
        else groups.push([finding]);
    }
    return groups;
}

export function summary({ about, stack, changes, findings }: Review): string {
    const done = Object.entries(changes).map(([op, n]) => `${n} ${about === "drift" ? WAS[op] : op}`);
    const of = SEVERITIES.map(
        (severity) => [severity, findings.filter((f) => f.severity === severity).length] as const,
    );
    const found = of.filter(([, n]) => n > 0).map(([severity, n]) => `${n} ${severity}`);
    const unchanged = about === "drift" ? "everything is as Pulumi applied it" : "nothing changes";
    // A finding may be about what Pulumi shows as no change of a resource.
    const none = found.length === 0 ? unchanged : "Pulumi shows no changed resource";
    const what = done.length === 0 ? none : `resources: ${done.join(", ")}`;
    const title = about === "drift" ? `Drift of stack ${stack}` : `Review of stack ${stack}`;
    return `${title}: ${what}. ${found.length === 0 ? "Callers notice nothing." : `Findings: ${found.join(", ")}.`}`;
}

/** Words for operations in a drift report. */
const WAS: Record<string, string> = { update: "changed", delete: "gone", replace: "replaced", create: "new" };

export function renderText(review: Review): string {
    const lines = [summary(review)];
    let severity: Severity | undefined;
    for (const group of grouped(review.findings)) {
        if (group[0].severity !== severity) lines.push("", TITLES[(severity = group[0].severity)].toUpperCase());
        lines.push(...(severity === "harmless" ? harmless(group) : serious(group)));
    }
    return lines.map(plain).join("\n");
}

/** Removes line breaks, control characters and changes of text direction: the author of a change chooses the values. */
export function plain(line: string): string {
    return line.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ");
}

/** Longest sentence in the text output. JSON has the full sentence. */
const SENTENCE = 400;

export function cut(says: string): string {
    return says.length > SENTENCE ? `${says.slice(0, SENTENCE)}…` : says;
}

function serious(group: Finding[]): string[] {
    const more = group.length - SHOWN;
    return [
        ...group
            .slice(0, SHOWN)
            .flatMap((finding) => [`  ${finding.code}  ${cut(finding.says)}.`, ...evidence(finding)]),
        ...(more > 0
            ? [`  ${group[0].code}  and ${counted(more, "more finding")} of this code; all: --format json`]
            : []),
        ...todosOf(group).map((todo) => `    -> ${todo}`),
    ];
}

/** The different instructions of the findings that are shown. For most codes this is one instruction. */
export function todosOf(group: Finding[]): string[] {
    return [...new Set(group.slice(0, SHOWN).map(({ todo }) => todo))];
}

function harmless(group: Finding[]): string[] {
    const more = group.length - EVIDENCE;
    const says = group.slice(0, EVIDENCE).map((finding) => cut(finding.says));
    return [`  ${group[0].code}  ${says.join("; ")}${more > 0 ? `; and ${more} more` : ""}.`];
}

function evidence({ evidence: all }: Finding): string[] {
    const more = all.length - EVIDENCE;
    return [
        ...all.slice(0, EVIDENCE).map((one) => `      ${evidenceText(one)}`),
        ...(more > 0 ? [`      and ${more} more`] : []),
    ];
}

/** Longest value in a line. */
const LINE = 80;

export function evidenceText({ resource, property, old, new: now }: Evidence): string {
    const short = (text: string) => (text.length > LINE ? `${text.slice(0, LINE)}…` : text);
    const sides =
        old === undefined && now === undefined ? "" : `: ${short(old ?? "(none)")} -> ${short(now ?? "(none)")}`;
    return `${short(resource)}${property === undefined ? "" : ` ${short(property)}`}${sides}`;
}
