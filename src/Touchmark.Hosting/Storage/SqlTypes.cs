using System.Data;
using System.Globalization;
using Dapper;
using Touchmark.Evidence.Cbor;
using Touchmark.Evidence.Parts;

namespace Touchmark.Hosting.Storage;

/// <summary>How the program's types lie in the database, the same in both: ids as text "D", times as UTC microseconds, enums as their number.</summary>
internal static class SqlTypes
{
    /// <summary>Dapper keeps its handlers per process, so this is done once, before the first statement.</summary>
    public static void Register()
    {
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        SqlMapper.RemoveTypeMap(typeof(Guid));
        SqlMapper.RemoveTypeMap(typeof(Guid?));
        SqlMapper.RemoveTypeMap(typeof(DateTimeOffset));
        SqlMapper.RemoveTypeMap(typeof(DateTimeOffset?));
        SqlMapper.AddTypeHandler(new IdHandler());
        SqlMapper.AddTypeHandler(new TimeHandler());
        SqlMapper.AddTypeHandler(new PartIdHandler());
    }

    private sealed class IdHandler : SqlMapper.TypeHandler<Guid>
    {
        public override void SetValue(IDbDataParameter parameter, Guid value)
        {
            parameter.DbType = DbType.String;
            parameter.Value = value.ToString("D");
        }

        public override Guid Parse(object value) => Guid.ParseExact((string)value, "D");
    }

    private sealed class TimeHandler : SqlMapper.TypeHandler<DateTimeOffset>
    {
        public override void SetValue(IDbDataParameter parameter, DateTimeOffset value)
        {
            parameter.DbType = DbType.Int64;
            parameter.Value = value.ToMicroseconds();
        }

        public override DateTimeOffset Parse(object value) => CborTime.FromMicroseconds(Convert.ToInt64(value, CultureInfo.InvariantCulture));
    }

    private sealed class PartIdHandler : SqlMapper.TypeHandler<PartId>
    {
        public override void SetValue(IDbDataParameter parameter, PartId? value)
        {
            parameter.DbType = DbType.String;
            parameter.Value = value?.Value ?? (object)DBNull.Value;
        }

        public override PartId Parse(object value) =>
            PartId.TryParse((string)value, out var id, out var problem) ? id : throw new InvalidDataException($"The database holds {value} where a part id stands. {problem.Text}");
    }
}
