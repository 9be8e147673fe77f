/**
 * Checks docs, comments, messages and names of tests against terms.yml, as a job of `npm run lint`. The rules have the
 * format of prh. When prh reads a rule, it also runs the rule's examples.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fromYAMLFilePath } from "prh";
import type { Rule } from "prh/lib/rule";
import { ROOT } from "./side-by-side";

const TERMS = "test/terms.yml";

/** Files that are not checked, each with the reason. */
const UNCHECKED: [files: RegExp, reason: string][] = [
    [/^test\/terms\.yml$/, "contains the words"],
    [/^package-lock\.json$/, "npm writes it"],
    [/^test\/recorded\/.*\.yaml$/, "`npm run record` writes them"],
];

export interface Finding {
    /** `file:line:column` */
    where: string;
    found: string;
    instead: string;
    reason: string;
}

/** Finds words of terms.yml in one text. @param file path from the root, for messages */
export function findingsIn(file: string, text: string, rules: Rule[]): Finding[] {
    // Applies each rule to the whole text, because prh's own loop over paragraphs takes fifteen times as long.
    return rules.flatMap((rule) =>
        rule.applyRule(text).map(({ index, matches, expected }) => {
            const before = text.slice(0, index).split("\n");
            return {
                where: `${file}:${before.length}:${before[before.length - 1].length + 1}`,
                found: matches[0].replace(/[\s*#/]+/g, " "),
                instead: expected!,
                reason: (rule.raw as { prh: string }).prh,
            };
        }),
    );
}

function tracked(): string[] {
    const list = ["-c", `safe.directory=${ROOT}`, "ls-files", "--cached", "--others", "--exclude-standard", "-z"];
    const isChecked = (file: string) => !UNCHECKED.some(([files]) => files.test(file));
    return execFileSync("git", list, { cwd: ROOT, encoding: "utf8" }).split("\0").filter(Boolean).filter(isChecked);
}

function main() {
    const { rules } = fromYAMLFilePath(join(ROOT, TERMS));
    const findings = tracked().flatMap((file) => findingsIn(file, readFileSync(join(ROOT, file), "utf8"), rules));
    for (const { where, found, instead, reason } of findings)
        console.error(`${where}: "${found}" is not a word of this project. Use "${instead}". ${reason}`);
    if (findings.length > 0) console.error(`${findings.length} words to replace. All rules are in ${TERMS}.`);
    process.exitCode = findings.length > 0 ? 1 : 0;
}

if (require.main === module) main();
