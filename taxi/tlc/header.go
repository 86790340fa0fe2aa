package tlc

import (
	"bytes"
	"fmt"

	"github.com/hydrant-stream/hydrant/taxi"
)

// ignored marks a column that the events have no member for.
const ignored taxi.Field = 255

// columns maps the names of columns, without case, spaces and underscores, to members of the event.
var columns = map[string]taxi.Field{
	"vendorid": taxi.VendorID, "vendorname": taxi.VendorID,
	"pickupdatetime": taxi.Pickup, "tpeppickupdatetime": taxi.Pickup, "lpeppickupdatetime": taxi.Pickup, "trippickupdatetime": taxi.Pickup,
	"dropoffdatetime": taxi.Dropoff, "tpepdropoffdatetime": taxi.Dropoff, "lpepdropoffdatetime": taxi.Dropoff, "tripdropoffdatetime": taxi.Dropoff,
	"passengercount": taxi.Passengers, "tripdistance": taxi.Distance,
	"pickuplongitude": taxi.PickupLongitude, "startlon": taxi.PickupLongitude,
	"pickuplatitude": taxi.PickupLatitude, "startlat": taxi.PickupLatitude,
	"ratecode": taxi.RateCode, "ratecodeid": taxi.RateCode,
	"storeandfwdflag": taxi.StoreAndFwd, "storeandforward": taxi.StoreAndFwd,
	"dropofflongitude": taxi.DropoffLongitude, "endlon": taxi.DropoffLongitude,
	"dropofflatitude": taxi.DropoffLatitude, "endlat": taxi.DropoffLatitude,
	"paymenttype": taxi.Payment,
	"fareamount":  taxi.Fare, "fareamt": taxi.Fare,
	"surcharge": taxi.Surcharge, "extra": taxi.Surcharge,
	"mtatax":    taxi.MTATax,
	"tipamount": taxi.Tip, "tipamt": taxi.Tip,
	"tollsamount": taxi.Tolls, "tollsamt": taxi.Tolls,
	"totalamount": taxi.Total, "totalamt": taxi.Total,
}

// debs are the columns of the DEBS 2015 file, which has no header. medallion and hack_license, the
// first two, are reversible hashes of a cab and its driver: they are read by nobody.
var debs = []taxi.Field{
	ignored, ignored, taxi.Pickup, taxi.Dropoff, ignored, taxi.Distance,
	taxi.PickupLongitude, taxi.PickupLatitude, taxi.DropoffLongitude, taxi.DropoffLatitude,
	taxi.Payment, taxi.Fare, taxi.Surcharge, taxi.MTATax, taxi.Tip, taxi.Tolls, taxi.Total,
}

// column finds the member a column fills, or ignored.
func column(name []byte) taxi.Field {
	key := make([]byte, 0, 32)
	for _, c := range name {
		switch {
		case c == '_' || c == ' ' || c == '\t':
		case 'A' <= c && c <= 'Z':
			key = append(key, c+'a'-'A')
		default:
			key = append(key, c)
		}
	}
	if f, ok := columns[string(key)]; ok {
		return f
	}
	return ignored
}

// readHeader takes the first line of a CSV file. isHeader is false if the line is a DEBS row already.
func readHeader(fields [][]byte) (cols []taxi.Field, isHeader bool, err error) {
	if len(fields) == len(debs) && isHash(fields[0]) && isHash(fields[1]) {
		return debs, false, nil
	}
	var seen [taxi.Total + 1]bool
	for _, name := range fields {
		f := column(name)
		if f != ignored {
			if seen[f] {
				return nil, true, fmt.Errorf("two columns for %s", f)
			}
			seen[f] = true
		}
		cols = append(cols, f)
	}
	if !seen[taxi.Pickup] || !seen[taxi.Dropoff] {
		return nil, true, fmt.Errorf("not a header of trip records: no column of pickup and dropoff times in %.80q", bytes.Join(fields, []byte(",")))
	}
	return cols, true, nil
}

func isHash(b []byte) bool {
	if len(b) != 32 {
		return false
	}
	for _, c := range b {
		if (c < '0' || c > '9') && (c < 'A' || c > 'F') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
