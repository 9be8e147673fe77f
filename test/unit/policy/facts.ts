/** What the rules compare the test stacks with: this commit's lists, and every value of their configs that a rule may look for. */
import { join } from "node:path";
import { configTexts, listsOf, type Facts } from "../../../policy/rules/facts";

export const ROOT = join(__dirname, "../../..");

/** The config of a stack as Pulumi gives it to a policy pack. */
export const CONFIG = {
    hostname: "llm.example.com",
    zone: JSON.stringify({ name: "example.com" }),
    gateway: JSON.stringify({ namespace: "edge" }),
    tunnel: JSON.stringify({ sha256: "a".repeat(64), shipped: "0".repeat(64) }),
    repositories: JSON.stringify(["registry.example.com/alpa-serving", "alpa", "https://charts.example.org"]),
    hosts: JSON.stringify(["10.0.0.1", "10.0.0.2", "10.0.0.3"]),
    openai: JSON.stringify({ endpoints: ["10.0.0.11:8000", "10.20.96.188:8000"] }),
    scrapers: JSON.stringify(["monitoring", "prometheus", "a", "other", "scraper"]),
    alpa: JSON.stringify({
        endpoints: ["10.0.0.11:20001", "10.0.0.12:20001", "10.20.96.188:20001", "127.0.0.1:20001"],
    }),
};

export const FACTS: Facts = { lists: listsOf(ROOT), config: configTexts(CONFIG) };
