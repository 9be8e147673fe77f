import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PolicyPack } from "@pulumi/policy";
import { policies } from "./pack";
import { RULES } from "./rules";
import { parseExceptions } from "./rules/exceptions";
import { configTexts, LISTS_FILE, listsOf, PROGRAM_VARIABLE } from "./rules/facts";

const today = new Date();
const exceptions = readFileSync(join(__dirname, "exceptions.yaml"), "utf8");
const names = RULES.map(({ name }) => name);
const other = process.env[PROGRAM_VARIABLE];
const lists = listsOf(other ?? join(__dirname, ".."));
if (lists === undefined && other === undefined) throw new Error(`${LISTS_FILE}: is missing. Restore it from git.`);
// Pulumi sets this variable for a policy pack, with all secrets in plain text.
const config = configTexts(JSON.parse(process.env.PULUMI_CONFIG ?? "{}") as Record<string, string>);
if (config === undefined) throw new Error("PULUMI_CONFIG: has no config of the stack. Run the pack with pulumi.");

new PolicyPack("alpa-auth", {
    enforcementLevel: "mandatory",
    policies: policies(RULES, { lists, config }, parseExceptions(exceptions, names, today), today),
});
