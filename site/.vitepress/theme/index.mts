import DefaultTheme from "vitepress/theme";
import type { Theme } from "vitepress";
import Mermaid from "./Mermaid.vue";
import "./style.css";

export default {
    extends: DefaultTheme,
    enhanceApp: ({ app }) => void app.component("Mermaid", Mermaid),
} satisfies Theme;
