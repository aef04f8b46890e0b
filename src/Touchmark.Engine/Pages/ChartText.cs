using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;

namespace Touchmark.Engine.Pages;

/// <summary>Words in a chart: SVG's element of that name means something else in a Razor file.</summary>
public sealed class ChartText : ComponentBase
{
    [Parameter, EditorRequired]
    public string X { get; set; } = "";

    [Parameter, EditorRequired]
    public string Y { get; set; } = "";

    [Parameter, EditorRequired]
    public string Words { get; set; } = "";

    /// <summary>The words end at X; they begin there otherwise.</summary>
    [Parameter]
    public bool Ends { get; set; }

    protected override void BuildRenderTree(RenderTreeBuilder builder)
    {
        builder.OpenElement(0, "text");
        builder.AddAttribute(1, "class", "chart-text");
        builder.AddAttribute(2, "x", X);
        builder.AddAttribute(3, "y", Y);
        builder.AddAttribute(4, "text-anchor", Ends ? "end" : "start");
        builder.AddContent(5, Words);
        builder.CloseElement();
    }
}
