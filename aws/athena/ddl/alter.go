package ddl

import "strings"

func (p *parser) alter() Statement {
	p.within = "alter statement"
	if p.accept("DATABASE") || p.accept("SCHEMA") || p.accept("VIEW") {
		p.refuse("ALTER %s is not supported here", strings.ToUpper(p.before()))
	}
	p.expect("TABLE")
	p.within = "alter table statement"
	t := p.table()
	switch {
	case p.accept("ADD"):
		return p.alterAdd(t)
	case p.accept("DROP"):
		s := &DropPartitions{Table: t, IfExists: p.ifExists()}
		for {
			p.expect("PARTITION")
			s.Partitions = append(s.Partitions, p.spec())
			if !p.accept(",") {
				return s
			}
		}
	case p.accept("REPLACE"):
		p.expect("COLUMNS")
		return &ReplaceColumns{t, p.columns()}
	case p.accept("SET"):
		return p.alterSet(t, nil)
	case p.accept("PARTITION"):
		spec := p.spec()
		if p.accept("RENAME") {
			p.expect("TO", "PARTITION")
			return &RenamePartition{t, spec, p.spec()}
		}
		p.expect("SET")
		return p.alterSet(t, spec)
	case p.peek().Is("RENAME", "CHANGE", "RECOVER", "EXCHANGE", "ARCHIVE", "TOUCH", "COMPACT", "CLUSTERED", "SKEWED"):
		p.refuse("ALTER TABLE %s is not supported", strings.ToUpper(p.peek().Raw))
	}
	p.wrong("ADD, DROP, REPLACE, SET or PARTITION")
	return nil
}

func (p *parser) alterAdd(t Table) Statement {
	if p.accept("COLUMNS") {
		return &AddColumns{t, p.columns()}
	}
	s := &AddPartitions{Table: t, IfNotExists: p.ifNotExists()}
	for p.accept("PARTITION") {
		n := NewPartition{Spec: p.spec()}
		if p.accept("LOCATION") {
			n.Location = p.location()
		}
		s.Partitions = append(s.Partitions, n)
		p.accept(",")
	}
	if len(s.Partitions) == 0 {
		p.wrong("PARTITION or COLUMNS")
	}
	return s
}

func (p *parser) alterSet(t Table, spec Spec) Statement {
	switch {
	case p.accept("LOCATION"):
		return &SetLocation{t, spec, p.location()}
	case spec == nil && p.accept("TBLPROPERTIES"):
		return &SetProperties{t, p.properties()}
	case p.peek().Is("SERDEPROPERTIES", "SERDE", "FILEFORMAT"):
		p.refuse("ALTER TABLE SET %s is not supported", strings.ToUpper(p.peek().Raw))
	}
	p.wrong("LOCATION or TBLPROPERTIES")
	return nil
}
