/**
 * The dashboards for Grafana, as code: docs/examples/grafana/ has them as JSON (`npm run golden` writes it), which is what
 * operators import and what a stack puts into a ConfigMap. Nothing that `pulumi up` runs imports this folder.
 *
 * Labels and names of metrics are those of APISIX 3.18 (docs/operate/watch.md), and of docs/examples/prometheus/alpa-auth.rules.yml.
 */
import type { DashboardBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import { caller } from "./caller";
import { operators } from "./operators";

/** By the name of the file, without its end, which is also the dashboard's uid in Grafana. */
export const DASHBOARDS: Record<string, () => DashboardBuilder> = {
    "alpa-auth-operators": operators,
    "alpa-auth-caller": caller,
};

/** A dashboard as Grafana imports it. */
export function jsonOf(build: () => DashboardBuilder): string {
    return `${JSON.stringify(build().build(), null, 4)}\n`;
}
