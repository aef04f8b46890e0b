using System.Text.Json;

namespace Touchmark.Gateway.Enrolment;

/// <summary>One figure for the shape of a bed.</summary>
internal static class MeshShape
{
    private const int MostPoints = 10_000;

    /// <summary>
    /// Standard deviation of a mesh (Klipper's <c>bed_mesh.probed_matrix</c>: rows of heights, mm) from the plane that fits it best: the tilt is adjusted with the
    /// screws, the shape belongs to the plate. Null for anything but a rectangle of numbers, at least 3 by 3.
    /// </summary>
    public static double? Deviation(JsonElement matrix)
    {
        if (Read(matrix) is not { } heights)
        {
            return null;
        }

        int rows = heights.Count, columns = heights[0].Length;
        double mean = heights.Average(row => row.Average()), middleRow = (rows - 1) / 2.0, middleColumn = (columns - 1) / 2.0;
        double byRow = 0, byColumn = 0, rowSquares = 0, columnSquares = 0;
        Each((row, column, height) =>
        {
            byRow += (row - middleRow) * (height - mean);
            byColumn += (column - middleColumn) * (height - mean);
            rowSquares += (row - middleRow) * (row - middleRow);
            columnSquares += (column - middleColumn) * (column - middleColumn);
        });
        double squares = 0;
        Each((row, column, height) =>
        {
            var plane = mean + ((row - middleRow) * byRow / rowSquares) + ((column - middleColumn) * byColumn / columnSquares);
            squares += (height - plane) * (height - plane);
        });
        return Math.Sqrt(squares / (rows * columns));

        void Each(Action<int, int, double> take)
        {
            for (var row = 0; row < rows; row++)
            {
                for (var column = 0; column < columns; column++)
                {
                    take(row, column, heights[row][column]);
                }
            }
        }
    }

    private static List<double[]>? Read(JsonElement matrix)
    {
        if (matrix.ValueKind != JsonValueKind.Array || matrix.GetArrayLength() is < 3 or > MostPoints)
        {
            return null;
        }

        var heights = new List<double[]>();
        foreach (var row in matrix.EnumerateArray())
        {
            if (row.ValueKind != JsonValueKind.Array || row.GetArrayLength() is var columns && (columns < 3 || columns * matrix.GetArrayLength() > MostPoints || (heights.Count > 0 && columns != heights[0].Length)))
            {
                return null;
            }

            var values = new List<double>();
            foreach (var cell in row.EnumerateArray())
            {
                if (cell.ValueKind != JsonValueKind.Number || !cell.TryGetDouble(out var height) || !(Math.Abs(height) < 1000))
                {
                    return null;
                }

                values.Add(height);
            }

            heights.Add([.. values]);
        }

        return heights;
    }
}
