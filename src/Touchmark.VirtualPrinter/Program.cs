namespace Touchmark.VirtualPrinter;

internal static class Program
{
    private static int Main() => 0;
}
