/** Common parts of the dashboards: variables, panels of each kind, and links to the pages of docs/. */
import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import {
    BigValueColorMode,
    LegendDisplayMode,
    LegendPlacement,
    ReduceDataOptionsBuilder,
    ScaleDistribution,
    ScaleDistributionConfigBuilder,
    VizLegendOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import * as heatmap from "@grafana/grafana-foundation-sdk/heatmap";
import { DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import * as stat from "@grafana/grafana-foundation-sdk/stat";
import * as table from "@grafana/grafana-foundation-sdk/table";
import * as text from "@grafana/grafana-foundation-sdk/text";
import * as timeseries from "@grafana/grafana-foundation-sdk/timeseries";

/** Columns of Grafana's grid. */
const WHOLE = 24;
const HALF = WHOLE / 2;
const SIXTH = WHOLE / 6;
/** Rows of the grid, 30 pixels each. */
const HEIGHT = 8;
const LOW = 4;

/** Routes of the selected stacks whose upstream is Alpa. The stacks' other routes reject requests or verify credentials. */
export const TO_ALPA = 'route=~"${stack}_alpa_(completions|logprobs)"';
/** All routes of the selected stacks. */
export const ANY_ROUTE = 'route=~"${stack}_alpa.*"';

const SOURCE = { type: "prometheus", uid: "${datasource}" };

/** An expression of Prometheus, and the legend of its series. */
export type Query = [expression: string, legend: string];

/** A heading of a page below docs/ with instructions. */
export type Page = [title: string, target: string];

/** Content of a panel. */
interface Shown {
    title: string;
    /** Meaning and limits of the values. */
    description: string;
    queries: Query[];
    /** Page with instructions. @default none */
    page?: Page;
    /** Unit of Grafana: reqpm, ms, percentunit … @default none */
    unit?: string;
    /** Text if there is no series. @default Grafana's "No data", which can also mean that Prometheus scrapes nothing */
    noValue?: string;
}

/** Adds 0 for a series without requests. Adds nothing if Prometheus scrapes no gateway pod. */
const OR_ZERO = " or 0 * count(apisix_node_info{})";

export function link([title, target]: Page): dashboard.DashboardLinkBuilder {
    return new dashboard.DashboardLinkBuilder(title)
        .type(dashboard.DashboardLinkType.Link)
        .url(`\${docs}/${target}`)
        .targetBlank(true);
}

/** Requests per minute with these labels. @param by grouping clause of PromQL; empty for the sum of all requests */
export const perMinute = (labels: string, by = "") =>
    `60 * sum${by} (rate(apisix_http_status{${labels}}[$__rate_interval]))${by === "" ? OR_ZERO : ""}`;

/** A panel with curves over time, with half the width of the page. */
export function curves(shown: Shown): timeseries.PanelBuilder {
    const { title, description, queries, page, unit = "short", noValue } = shown;
    const panel = new timeseries.PanelBuilder()
        .title(title)
        .description(description)
        .links(page === undefined ? [] : [link(page)])
        .datasource(SOURCE)
        .targets(queries.map(rangeQuery))
        .unit(unit)
        .min(0)
        .fillOpacity(10)
        .legend(
            new VizLegendOptionsBuilder()
                .displayMode(LegendDisplayMode.List)
                .placement(LegendPlacement.Bottom)
                .showLegend(true),
        )
        .span(HALF)
        .height(HEIGHT);
    return noValue === undefined ? panel : panel.noValue(noValue);
}

/** A panel of {@link curves} with a logarithmic axis, so that milliseconds are visible next to minutes. */
export function times(shown: Shown): timeseries.PanelBuilder {
    return curves({ unit: "ms", ...shown })
        .min(1)
        .scaleDistribution(new ScaleDistributionConfigBuilder().type(ScaleDistribution.Log).log(10));
}

/** Adds a dashed line for a reference value. @param name legend of the line */
export function compared(panel: timeseries.PanelBuilder, name: string): timeseries.PanelBuilder {
    return panel.overrideByName(name, [
        { id: "custom.lineStyle", value: { fill: "dash", dash: [10, 10] } },
        { id: "custom.fillOpacity", value: 0 },
    ]);
}

/** A panel with the current value. @param shown.bad the panel is red if the value is at least this. Default: no color */
export function figure(shown: Shown & { bad?: number }): stat.PanelBuilder {
    const { title, description, queries, page, unit = "short", bad } = shown;
    const good = { value: null, color: "green" };
    const panel = new stat.PanelBuilder()
        .title(title)
        .description(description)
        .links(page === undefined ? [] : [link(page)])
        .datasource(SOURCE)
        .targets(queries.map(instantQuery))
        .unit(unit)
        .noValue("no series")
        .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]))
        .thresholds(
            new dashboard.ThresholdsConfigBuilder()
                .mode(dashboard.ThresholdsMode.Absolute)
                .steps(bad === undefined ? [good] : [good, { value: bad, color: "red" }]),
        )
        .colorMode(bad === undefined ? BigValueColorMode.None : BigValueColorMode.Value)
        .span(SIXTH)
        .height(LOW);
    // increase() extrapolates, so a count would have a fraction.
    return unit === "short" ? panel.decimals(0) : panel;
}

/** A table of the whole time range by caller, with one column for each query. */
export function columns(shown: Shown): table.PanelBuilder {
    const { title, description, queries } = shown;
    const names = Object.fromEntries(queries.map(([, legend], at) => [`Value #${refId(at)}`, legend]));
    return new table.PanelBuilder()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .targets(queries.map((query, at) => instantQuery(query, at).format(PromQueryFormat.Table)))
        .transformations([
            { id: "merge", options: {} },
            { id: "organize", options: { excludeByName: { Time: true }, renameByName: names } },
        ])
        .decimals(0)
        .span(WHOLE)
        .height(HEIGHT);
}

/** A heatmap of a histogram over time. */
export function histogram({ title, description, queries, unit = "ms" }: Shown): heatmap.PanelBuilder {
    return new heatmap.PanelBuilder()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .targets(queries.map((query, at) => rangeQuery(query, at).format(PromQueryFormat.Heatmap)))
        .calculate(false)
        .yAxis(new heatmap.YAxisConfigBuilder().unit(unit))
        .span(HALF)
        .height(HEIGHT);
}

/** A panel with text and links. @param content Markdown */
export function words(title: string, content: string): text.PanelBuilder {
    return new text.PanelBuilder().title(title).mode(text.TextMode.Markdown).content(content).span(WHOLE).height(LOW);
}

/** A dashboard with the variables that every query uses. */
export function dashboardOf(uid: string, title: string, description: string): dashboard.DashboardBuilder {
    return new dashboard.DashboardBuilder(title)
        .uid(uid)
        .description(description)
        .tags(["alpa-auth"])
        .time({ from: "now-6h", to: "now" })
        .refresh("1m")
        .timezone("browser")
        .tooltip(dashboard.DashboardCursorSync.Crosshair)
        .variables([
            new dashboard.DatasourceVariableBuilder("datasource").label("Prometheus").type("prometheus"),
            // The route's name begins with the namespace of the stack.
            queryVariable(
                "stack",
                "Namespace of the stack",
                'label_values(apisix_http_status{route=~".+_alpa.*"}, route)',
            )
                .regex("/^(.+)_alpa/")
                .includeAll(true)
                .allValue(".+"),
            new dashboard.ConstantVariableBuilder("docs").value("docs"),
        ]);
}

export function queryVariable(name: string, label: string, query: string): dashboard.QueryVariableBuilder {
    return new dashboard.QueryVariableBuilder(name)
        .label(label)
        .datasource(SOURCE)
        .query({ query, refId: name })
        .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
        .sort(dashboard.VariableSort.AlphabeticalAsc);
}

function refId(at: number): string {
    return String.fromCharCode("A".charCodeAt(0) + at);
}

function rangeQuery([expression, legend]: Query, at: number): DataqueryBuilder & Builder<Dataquery> {
    return new DataqueryBuilder().expr(expression).legendFormat(legend).refId(refId(at)).range();
}

function instantQuery([expression, legend]: Query, at: number): DataqueryBuilder & Builder<Dataquery> {
    return new DataqueryBuilder().expr(expression).legendFormat(legend).refId(refId(at)).instant();
}
