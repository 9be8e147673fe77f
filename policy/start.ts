import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PolicyPack } from "@pulumi/policy";
import { policies } from "./pack";
import { RULES } from "./rules";
import { OPTIONAL, optionalRules } from "./rules/kubernetes/digests";
import { parseExceptions } from "./rules/exceptions";

const today = new Date();
const read = (file: string) => readFileSync(join(__dirname, file), "utf8");
const names = [...RULES, ...OPTIONAL].map(({ name }) => name);
const rules = [...RULES, ...optionalRules(read("optional.yaml"))];

new PolicyPack("alpa-auth", {
    enforcementLevel: "mandatory",
    policies: policies(rules, parseExceptions(read("exceptions.yaml"), names, today), today),
});
