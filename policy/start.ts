import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PolicyPack } from "@pulumi/policy";
import { policies } from "./pack";
import { RULES } from "./rules";
import { parseExceptions } from "./rules/exceptions";

const today = new Date();
const text = readFileSync(join(__dirname, "exceptions.yaml"), "utf8");
const names = RULES.map(({ name }) => name);

new PolicyPack("alpa-auth", {
    enforcementLevel: "mandatory",
    policies: policies(RULES, parseExceptions(text, names, today), today),
});
