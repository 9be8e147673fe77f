/** The pages of docs/ that are generated from the code and not committed. */
import { configurationPage } from "./configuration-page";
import { realContext } from "../../ops/context";
import { program } from "../../ops/program";
import { cliPage } from "../../ops/reference";
import { RULES, type Rule } from "../../policy/rules";

/** Text of each page, by its path in docs/. .gitignore has the same paths. */
export function generatedPages(): Record<string, string> {
    return {
        "reference/keys.md": configurationPage("alpa-auth"),
        "reference/cli.md": cliPage(program(realContext())),
        "reference/policy-rules.md": policyRulesPage(),
    };
}

function policyRulesPage(): string {
    const intro =
        "Names are stable. Each rule is one object in `policy/rules/`: a function of the inputs of a resource. [The policy pack](../review/policy.md) explains how to run it and how to make an exception.";
    return ["# Policy rules", intro, "<!-- Generated from policy/rules/ -->", ...RULES.map(ruleSection), ""].join(
        "\n\n",
    );
}

/** The section about a rule: what the rule requires, and for which reason. */
const ruleSection = ({ name, title, reason }: Rule) => `## ${name}\n\n${title} ${reason}`;
