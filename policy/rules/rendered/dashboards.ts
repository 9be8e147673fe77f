import { DASHBOARDS, renderDashboards } from "../../../components/apisix/grafana/dashboards";
import type { Resource } from "../../resources/resource";
import { at, map, UNKNOWN } from "../../resources/values";
import { combinations, form, type Form } from "./form";
import { cachedForms } from "./gateway";

export { DASHBOARDS };

/** The ConfigMap with dashboards. Its content is compared, because Grafana would show any added link or query. */
export function dashboards({ props }: Resource): { actual: unknown; forms: Form[] } {
    const data = at(props, "data");
    return {
        actual: { data: data === UNKNOWN ? UNKNOWN : parsed(map(data)) },
        forms: cachedForms("dashboards", () =>
            combinations({ linked: [true, undefined] }).map(({ linked }) =>
                form({ docsUrl: "https://docs.example.org/sample" }, ({ docsUrl }) => ({
                    data: parsed(renderDashboards({ folder: "sample", docsUrl: linked && docsUrl }).data),
                })),
            ),
        ),
    };
}

function parsed(data: Record<string, unknown>): Record<string, unknown> {
    return Object.fromEntries(Object.entries(data).map(([file, text]) => [file, content(text)]));
}

function content(text: unknown): unknown {
    if (typeof text !== "string") return text;
    try {
        return JSON.parse(text);
    } catch {
        return "no JSON";
    }
}
