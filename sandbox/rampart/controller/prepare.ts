/** The steps before any change in the cluster: parsing the graph, checking its charts, validating it. */
import { readWorld } from "../kubernetes/api.js";
import { type ChartFacts, edgeAgainstChart, infraProblems, inspectChart } from "../charts/check.js";
import { Deployment, type Tools } from "./deploy.js";
import { collect, GraphErrors } from "../errors.js";
import { type Component, type Graph, parseGraph, type TaskRef, type World } from "../graph/parse.js";
import type { GraphObject } from "../types.js";
import { attempt, checkComponent, checkFlow, nameProblems, throwAny } from "../graph/validator.js";

export interface Prepared {
    deployment: Deployment;
    /** Infrastructure that the graph's charts provide. */
    provides: string[];
}

export async function prepare(tools: Tools, ref: TaskRef, object: GraphObject, signal: AbortSignal): Promise<Prepared> {
    const world = await readWorld(tools.api);
    signal.throwIfAborted();
    const graph = parseGraph(object.spec, ref, world, tools.settings.env);
    const facts = await checkWithCharts(tools, { ...graph, uid: ref.uid }, world, signal);
    const provides = [...new Set([...facts.values()].flatMap((fact) => fact.provides))];
    const deployment = new Deployment(tools, graph, ref.uid, facts, signal);
    await tools.api.applyInfra(ref, provides, "registered");
    signal.throwIfAborted();
    await tools.api.ownInfra(ref, deployment.owner);
    signal.throwIfAborted();
    return { deployment, provides };
}

/**
 * Reads the annotations of the charts that a component uses, and adds them to `facts`. Skips charts that are in `facts`
 * already.
 */
async function inspectCharts(
    { api, helm, charts, settings }: Tools,
    graph: Graph & TaskRef,
    component: Component,
    facts: Map<string, ChartFacts>,
    signal: AbortSignal,
): Promise<void> {
    for (const chart of [component.chart, ...(component.ingressNeeded && graph.aux ? [graph.aux] : [])]) {
        if (facts.has(chart.key)) continue;
        facts.set(chart.key, await inspectChart(chart, graph, { ...settings, api, helm, charts, signal }));
        signal.throwIfAborted();
    }
}

/** Checks the components one after another, and stops at a component whose chart could not be read. */
async function checkWithCharts(
    tools: Tools,
    graph: Graph & TaskRef,
    world: World,
    signal: AbortSignal,
): Promise<Map<string, ChartFacts>> {
    const facts = new Map<string, ChartFacts>();
    const results: unknown[] = [];
    for (const component of graph.components) {
        try {
            await inspectCharts(tools, graph, component, facts, signal);
            const own = facts.get(component.chart.key) as ChartFacts;
            checkComponent(component, world, (edge) => edgeAgainstChart(edge, own));
        } catch (error) {
            if (!(error instanceof GraphErrors)) throw error;
            results.push(error);
        }
    }
    throwAny(results);
    throwAny(graph.flows.map((flow) => attempt(() => checkFlow(flow, world))));
    const inOrder = graph.charts.map((chart) => facts.get(chart.key) as ChartFacts);
    const errors = collect("validation", [
        ...infraProblems(graph, inOrder, world.provided ?? {}),
        ...nameProblems(graph),
    ]);
    if (errors !== undefined) throw errors;
    return facts;
}
